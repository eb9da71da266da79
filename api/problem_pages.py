"""What each `type` of problem leads to: a line about it."""

from fastapi import APIRouter

from api.examples import answers
from api.kit.schema import View
from api.problems import NotFound, catalogue

router = APIRouter(prefix="/problems", tags=["operation"])


class ProblemPage(View):
    """A kind of problem."""

    slug: str
    title: str
    status: int
    about: str


@router.get("/{slug}", operation_id="get_problem_type", summary="Explain a problem", responses=answers(NotFound))
async def problem_page(slug: str) -> ProblemPage:
    """What a `type` in a problem document means."""
    kind = catalogue().get(slug)
    if kind is None:
        raise NotFound("There is no such kind of problem.")
    return ProblemPage(slug=kind.slug, title=kind.title, status=kind.status, about=(kind.__doc__ or "").strip())
