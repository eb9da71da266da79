"""Lists the rules of docs/rules.md that no test is marked with; fails only for a rule that the page says is tested."""

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RULE = re.compile(r"^\| (R\d\d) \| (.+?) \| (tested|planned) \|$", re.MULTILINE)


def marked(path: Path) -> set[str]:
    """The rules that tests in a file are marked with."""
    calls = (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))
    return {
        str(argument.value)
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr == "rule"
        for argument in call.args
        if isinstance(argument, ast.Constant)
    }


def main() -> int:
    rules = {name: state for name, _, state in RULE.findall((ROOT / "docs/rules.md").read_text(encoding="utf-8"))}
    tested = set().union(*(marked(path) for path in (ROOT / "tests").rglob("*.py")))
    missing = sorted(name for name in rules if name not in tested)
    broken = [name for name in missing if rules[name] == "tested"]
    print(f"rules: {len(rules) - len(missing)} of {len(rules)} have a test; without: {' '.join(missing) or 'none'}")
    for name in broken:
        sys.stderr.write(f"rules: docs/rules.md says that {name} is tested, but no test is marked with it\n")
    for name in sorted(tested - set(rules)):
        sys.stderr.write(f"rules: a test is marked with {name}, which docs/rules.md does not know\n")
    return 1 if broken or tested - set(rules) else 0


if __name__ == "__main__":
    raise SystemExit(main())
