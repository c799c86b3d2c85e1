"""YAML text as plain values; errors name line and column and never quote the document."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from waexporter.config.section import is_plain_word
from waexporter.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

_LARGE = 32_768  # characters; below, the program is small and fast without libyaml
_TAG = "tag:yaml.org,2002:"
_TAGS = frozenset(_TAG + kind for kind in ("str", "int", "float", "bool", "null", "seq", "map", "merge"))
# A tag without a name: libyaml makes a text of what follows it, and PyYAML what it would be without the tag.
_NAMELESS_TAG = re.compile(r"(?:^|[\s,[{])!(?:\s|$)")
_MOST_REPEATED = 50_000  # values that aliases repeat; a thousand targets that share a block stay far below

# Patterns of PyYAML's messages about common mistakes, and ours: PyYAML's may quote the document.
_WORDS = (
    (r"'\\t' that cannot start", "a tab can't indent; use spaces"),
    (r"that cannot start", "a text can't begin with this character; put it in quotes"),
    (r"undefined alias", 'an alias without an anchor; a text that begins with "*" needs quotes'),
    (r"mapping values are not allowed", "a colon is out of place here; check the indentation, or use quotes"),
    (r"could not find expected ':'", "this line is no key with a colon; is a space missing after the colon?"),
    (r"unexpected end of stream", "a quote is opened and never closed"),
    (r"expected a single document", "a second document begins here; give one"),
    (r"unhashable key", "a list or a mapping can't be a key"),
    (r"scanning an (alias|anchor)", 'a text that begins with "*" or "&" needs quotes'),
    (r"tag handle|construct|scanning a tag", 'a tag is not known; a text that begins with "!" needs quotes'),
    (r"expected ',' or '[]}]'", "a bracket is opened and never closed, or a comma is missing"),
    (r"expected <block end>", "the indentation doesn't fit the lines above, or a quote is out of place"),
    (r"unknown escape", "a backslash in double quotes needs another one, or use single quotes"),
)


_RESOLVERS = {
    first: [row for row in rows if row[0] in _TAGS]
    for first, rows in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class _Loader(yaml.SafeLoader):
    """A loader of texts, numbers, booleans and null only; a date or a lone `=` is a text."""

    yaml_implicit_resolvers = _RESOLVERS


# The same by libyaml, where PyYAML was built with it: much faster, with other words for what is wrong.
_FastLoader = type(
    "_FastLoader",
    (getattr(yaml, "CSafeLoader", yaml.SafeLoader),),
    {"yaml_implicit_resolvers": _RESOLVERS},
)


def parse_document(text: str, path: str, example: str = "targets") -> dict[object, object]:
    """Parse one YAML mapping; raise ConfigError with problems that begin with `path`.

    `example` is a key that such a document has.
    """
    value = parse_yaml(text, path)
    if not isinstance(value, dict):
        found = "is empty" if value is None else f"must be a mapping at the top, such as {example}:"
        raise ConfigError([f"{path}: {found}"])
    return value


def parse_yaml(text: str, path: str) -> object:
    """Parse one YAML value, None of an empty text; raise ConfigError with problems that begin with `path`."""
    try:
        problems, value = _load(text)
    except yaml.YAMLError as error:
        problems, value = [_explain(error, text)], None
    except RecursionError:
        problems, value = ["is nested too deeply"], None
    except (ValueError, LookupError, AttributeError):  # PyYAML's own, for a number it can't convert
        problems, value = ["holds a number that can't be read; put it in quotes"], None
    if problems:
        # Raised outside the handlers, without a cause: PyYAML's messages quote lines with secrets.
        raise ConfigError([f"{path}: {problem}" for problem in problems])
    return value


def _load(text: str) -> tuple[list[str], object]:
    if len(text) > _LARGE and _NAMELESS_TAG.search(text) is None:
        try:
            return _load_with(_FastLoader, text)
        except (yaml.YAMLError, RecursionError, ValueError, LookupError, AttributeError):
            pass  # again, for our words about it
    return _load_with(_Loader, text)


def _load_with(kind: type[yaml.SafeLoader], text: str) -> tuple[list[str], object]:
    loader = kind(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return [], None
        problems = list(_unknown_tags(node)) + list(_duplicates(node)) + list(_repetition(node))
        return problems, None if problems else loader.construct_document(node)
    finally:
        loader.dispose()


def _explain(error: yaml.YAMLError, text: str) -> str:
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        return f"line {line}: holds a control character, which YAML doesn't allow"
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    message = f"{getattr(error, 'context', '')} {getattr(error, 'problem', '')}"
    words = next((ours for pattern, ours in _WORDS if re.search(pattern, message)), "is not valid YAML here")
    if mark and text[: mark.index + 1].endswith("${"):
        words = "${...} is not replaced by a variable, and its brackets need quotes"
    return f"{_place(mark)}: {words}" if mark else words


def _place(mark: yaml.Mark) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}"


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _nodes(root: yaml.Node) -> Iterator[yaml.Node]:
    """Yield every node once, in the order of the document."""
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) not in seen:
            seen.add(id(node))
            yield node
            waiting.extend(reversed(_children(node)))


def _unknown_tags(root: yaml.Node) -> Iterator[str]:
    for node in _nodes(root):
        if node.tag not in _TAGS:
            yield f'{_place(node.start_mark)}: a tag is not known; a text that begins with "!" needs quotes'


def _duplicates(root: yaml.Node) -> Iterator[str]:
    for node in _nodes(root):
        if isinstance(node, yaml.MappingNode):
            yield from _duplicates_of(node)


def _duplicates_of(mapping: yaml.MappingNode) -> Iterator[str]:
    lines: dict[tuple[str, str], int] = {}
    for key, _ in mapping.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        first = lines.get((key.tag, key.value))
        lines[key.tag, key.value] = first or key.start_mark.line + 1
        if first:
            shown = f"the key {key.value}" if is_plain_word(key.value) else "a key"
            yield f"{_place(key.start_mark)}: {shown} is given twice, first in line {first}"


def _repetition(root: yaml.Node) -> Iterator[str]:
    """Yield a problem if aliases repeat too much: a few lines can produce billions of values."""
    sizes: dict[int, int] = {}
    distinct = sum(1 for _ in _nodes(root))
    if _size(root, sizes) - distinct > _MOST_REPEATED:
        yield f"its aliases repeat more than {_MOST_REPEATED} values, or repeat themselves"


def _size(node: yaml.Node, sizes: dict[int, int]) -> int:
    """Return the number of values below a node, with every alias written out."""
    if id(node) not in sizes:
        sizes[id(node)] = 10**9  # met again before it is counted: an alias inside its own anchor
        sizes[id(node)] = 1 + sum(_size(child, sizes) for child in _children(node))
    return sizes[id(node)]
