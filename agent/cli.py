"""The `tasuki` command: one for operators, customers and servers. Heavy imports happen inside the commands.

Exit codes: 0 done · 1 failed · 2 wrong usage · 3 server or relay not reachable · 4 not signed in or not allowed ·
5 the customer refused or the session ended before it began · 6 what was verified is not as it was signed · 7 it is, but no key or
witness from elsewhere was compared.
"""

import typer

from agent.commands import (
    account,
    audit,
    chat,
    customer,
    device,
    doctor,
    handing,
    join,
    queue,
    receipt,
    remote,
    report,
    security,
    server,
    sessions,
    share,
    view,
)
from agent.commands.output import run_command

app = typer.Typer(
    name="tasuki",
    help="Remote support: the customer joins with a code, and the relay can read nothing.",
    epilog="Exit codes: 0 done, 1 failed, 2 wrong usage, 3 server not reachable, 4 not signed in or not allowed,"
    " 5 refused, or ended before it began, 6 verified and found changed, 7 verified as far as that goes without a key.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("login")(account.login)
app.command("logout")(account.logout)
app.command("console")(account.console)
app.add_typer(security.app, name="security")
app.add_typer(security.sign_ins_app, name="sign-ins")
app.command("join")(join.join)
app.add_typer(sessions.app, name="session")
for command in (handing.invite, handing.transfer, handing.guest, handing.note):
    sessions.app.command()(command)
sessions.app.add_typer(queue.app, name="queue")
app.add_typer(report.app, name="report")
app.add_typer(customer.app, name="customer")
app.command("view")(view.view)
app.command("share")(share.share)
app.command("chat")(chat.chat)
app.add_typer(receipt.app, name="receipt")
app.command("enroll")(device.enroll)
app.add_typer(device.app, name="device")
app.add_typer(audit.app, name="audit")
app.command("call")(remote.call)
app.command("doctor")(doctor.doctor)
app.add_typer(server.serve_app, name="serve")
app.command(
    "admin", context_settings={"allow_extra_args": True, "ignore_unknown_options": True}, add_help_option=False
)(server.admin)


def main() -> None:
    """The entry point: every expected failure is one sentence on stderr and an exit code."""
    run_command(app)
