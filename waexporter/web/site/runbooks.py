"""GET /runbooks/NAME: the shipped runbook of each alert; imported at the first request for one."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Final

from markdown_it import MarkdownIt
from markupsafe import Markup, escape

from waexporter.config.shipped_files import find_runbooks
from waexporter.web.negotiation import prefers_markdown
from waexporter.web.responses import IncomingRequest, Response, error_response
from waexporter.web.site.html import html_response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from markdown_it.renderer import RendererProtocol
    from markdown_it.token import Token
    from markdown_it.utils import EnvType, OptionsDict

    from waexporter.web.backend import Backend

_MARKDOWN: Final = "text/markdown; charset=utf-8"
_MEANING: Final = re.compile(r"^## Meaning\n+(.+?)(?:\n\n|\Z)", re.MULTILINE | re.DOTALL)
_PROMPT: Final = re.compile(r"^\$ ", re.MULTILINE)
_COMMAND: Final = re.compile(r"(?P<command>(?:[^\n]*\\\n)*[^\n]*)\n?(?P<output>.*)", re.DOTALL)
_VARIES: Final = ("vary", "Accept")
_VARIES_BY_ENCODING: Final = ("vary", "Accept, Accept-Encoding")


def list_runbooks(request: IncomingRequest, backend: Backend) -> Response:
    """Return the list of runbooks."""
    del backend  # runbooks ship with the program
    return render_list(request)


def show_runbook(request: IncomingRequest, backend: Backend) -> Response:
    """Return one runbook."""
    del backend  # runbooks ship with the program
    return render_runbook(request)


def render_list(request: IncomingRequest, find: Callable[[], Mapping[str, Path]] = find_runbooks) -> Response:
    """Return the list of runbooks as HTML or as Markdown, by the Accept header."""
    texts = {name: file.read_text(encoding="utf-8") for name, file in find().items()}
    return _negotiated(request, _list_in_markdown(texts), "All runbooks", _list(texts))


def render_runbook(
    request: IncomingRequest, find: Callable[[], Mapping[str, Path]] = find_runbooks
) -> Response:
    """Return one runbook as HTML or as Markdown, by the Accept header."""
    file = find().get(request.parameter("name").removesuffix(".md"))
    if file is None:
        words = "There is no such runbook; /runbooks/ lists those that there are."
        return error_response(request, 404, words)
    text = file.read_text(encoding="utf-8")
    return _negotiated(request, text, file.stem, Markup(_parser().render(text)))  # noqa: S704 - escaped there


def _negotiated(request: IncomingRequest, text: str, title: str, content: Markup) -> Response:
    if prefers_markdown(request.header("accept")):
        return Response((text.encode(),), _MARKDOWN, headers=(_VARIES,))
    page = html_response(
        request, "runbook.html", title=title, content=content, is_list=not request.parameters
    )
    return replace(page, headers=(*page.headers, _VARIES_BY_ENCODING))


def _list_in_markdown(texts: dict[str, str]) -> str:
    return "# Runbooks\n\n" + "".join(f"- [{name}]({name}.md)\n" for name in texts)


def _list(texts: dict[str, str]) -> Markup:
    """Return the list of runbooks, each with the meaning of its alert."""
    items = (
        Markup('<li><a href="{0}">{0}</a>{1}</li>\n').format(name, _meaning(text))
        for name, text in texts.items()
    )
    return Markup('<h1>Runbooks</h1>\n<ul class="books">\n{}</ul>\n').format(Markup().join(items))


def _meaning(text: str) -> Markup:
    found = _MEANING.search(text)
    return Markup("<p>{}</p>").format(Markup(_parser().renderInline(found[1]))) if found else Markup()  # noqa: S704 - escaped there


@cache
def _parser() -> MarkdownIt:
    """Return the parser for Markdown; HTML inside it is shown as text."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.add_render_rule("fence", _render_block)
    parser.add_render_rule("table_open", lambda *_: '<div class="wide"><table>\n')
    parser.add_render_rule("table_close", lambda *_: "</table></div>\n")
    return parser


def _render_block(
    _: RendererProtocol, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    """Return a code block; one touch selects a query, or a command without its prompt."""
    del options, env
    block = tokens[index]
    parts = _commands(block.content) if block.info == "console" else [_code("query", block.content)]
    return f"<pre>{''.join(parts)}</pre>\n"


def _commands(text: str) -> Iterator[str]:
    before, *commands = _PROMPT.split(text)
    yield str(escape(before))
    for each in commands:
        if found := _COMMAND.match(each):
            yield _code("command", found["command"])
            yield str(escape(found["output"]))


def _code(kind: str, text: str) -> str:
    return f'<code class="{kind}">{escape(text.rstrip())}</code>'
