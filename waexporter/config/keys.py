"""The keys of the configuration as rows of tables.

Each row defines how a key is read, how it is printed, which environment variables set it, and what the
documentation says about it.
"""

from __future__ import annotations

import functools
from dataclasses import KW_ONLY, MISSING, dataclass, fields
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from waexporter.config.section import Section
    from waexporter.model import Config

    Reader = Callable[[Section, str, Any], Any]  # (block, name of the key, default) -> value

# A fixed word and not str() of the value, so that a change of Secret can't print secrets.
HIDDEN = "<secret>"
_UNSET: tuple[object, ...] = (None, [], {})


_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def convert_boolean(text: str) -> object:
    """Convert the text of a variable to a boolean if it is one."""
    return _BOOLEANS.get(text.lower(), text)


def convert_number(text: str) -> object:
    """Convert the text of a variable to a number if it is one."""
    return int(text) if text.isdecimal() and len(text) < 10 else text  # noqa: PLR2004 - the parser checks limits


class Variable(NamedTuple):
    """An environment variable, and how its text becomes a value of the document."""

    name: str
    convert: Callable[[str], object] = str
    form: str = ""  # how its text is written; for the documentation
    path: str = ""  # of the key that it sets, in the block of the key; empty: the key itself


class DocumentedKey(NamedTuple):
    """A row of the tables in the documentation."""

    path: str
    default: str
    meaning: str


def value(parse: Callable[[object], Any]) -> Reader:
    """Return the reader of a key that may be absent."""
    return lambda section, name, default: section.get(name, parse, default)


def required(parse: Callable[[object], Any], substitute: object) -> Reader:
    """Return the reader of a required key; `substitute` is its value after an error was reported."""
    return lambda section, name, _: section.require(name, parse, substitute)


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a block."""

    name: str
    read: Reader | None  # None: code outside the table reads it, or it is reserved for later
    meaning: str = ""  # Markdown, of one line; empty: it is not documented
    _: KW_ONLY
    write: Callable[[Any], object] | None = None  # from the value to that of the document; None: unchanged
    fields: tuple[
        str, ...
    ] = ()  # of the settings; several have a tuple as their value; empty: the key's name
    default: str = ""  # for the documentation, if it is not a value
    variables: tuple[Variable, ...] = ()
    has_file: bool = False  # the key NAME_file may name a file with the value instead
    block: Block | None = None  # the keys below it
    is_list: bool = False  # of such blocks
    needs_restart: bool = False  # a reload can't apply a change of it

    @property
    def field_names(self) -> tuple[str, ...]:
        """The fields of the settings that it sets."""
        return self.fields or (self.name,)

    def get(self, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - of any kind of settings
        """Return its value from the values of the fields."""
        found = tuple(values.get(name) for name in self.field_names)
        return found if len(found) > 1 else found[0]

    def dump(self, found: Any) -> object:  # noqa: ANN401 - of any kind of settings
        """Return a value in the format of the document."""
        if self.write is not None:
            return self.write(found)
        if self.block is None or found is None:
            return found
        return [self.block.dump(each) for each in found] if self.is_list else self.block.dump(found)


@dataclass(frozen=True, slots=True)
class Block:
    """A mapping of the configuration, and the settings that it is read into."""

    name: str
    settings: type | None  # the dataclass; None: its values become fields of another one
    keys: tuple[Key, ...]
    meaning: str = "this block"
    is_list: bool = False  # of such mappings

    def __post_init__(self) -> None:
        """Check that the settings have every field that a key sets; raise TypeError if not."""
        if self.settings is None:
            return
        known = {field.name for field in fields(self.settings)}
        for key in self.keys:
            if missing := set(key.field_names) - known:
                message = (
                    f"the key {self.name}.{key.name} sets {', '.join(sorted(missing))}: add the field with "
                    f"its default to {self.settings.__name__} in waexporter/model"
                )
                raise TypeError(message)

    def read(
        self, section: Section, defaults: Mapping[str, Any] | None = None, /, **known: object
    ) -> dict[str, Any]:
        """Read its keys in their order; return the values of all fields.

        `defaults` are values of fields that take the place of those of the settings. A key is not read if all
        its fields are in `known`.
        """
        values = {**_defaults(self.settings), **(defaults or {}), **known}
        for key in self.keys:
            names = key.field_names
            if key.read is None or known.keys() >= set(names):
                continue
            found = key.read(section, key.name, key.get(values))
            values.update(zip(names, found, strict=True) if len(names) > 1 else [(names[0], found)])
        return values

    def dump(self, settings: object) -> dict[str, object]:
        """Return settings in the format of the document, without keys that are not set."""
        values = read_fields(settings)
        written = ((key.name, key.dump(key.get(values))) for key in self.keys)
        return {name: shown for name, shown in written if shown not in _UNSET}

    def of(self, config: Config) -> object:
        """Return its settings in a configuration."""
        return config if isinstance(config, self.settings or ()) else getattr(config, self.name)

    def changed(self, old: object, new: object) -> Iterator[Key]:
        """Yield the keys whose values differ."""
        before, after = read_fields(old), read_fields(new)
        return (key for key in self.keys if key.get(before) != key.get(after))

    # --- for the environment and the documentation -------------------------------------------------

    def variables(self, prefix: str = "") -> Iterator[Variable]:
        """Yield the variables of its keys, with their paths."""
        for key in self.keys:
            for variable in key.variables:
                yield variable._replace(path=f"{prefix}{variable.path or key.name}")
            if key.block is not None:
                yield from key.block.variables(f"{prefix}{key.name}.")

    def document(self) -> Iterator[DocumentedKey]:
        """Yield the rows of the block and of all keys below it."""
        yield DocumentedKey(self.name, "none", self.meaning)
        yield from self.document_keys(f"{self.name}[]." if self.is_list else f"{self.name}.")

    def document_keys(self, prefix: str) -> Iterator[DocumentedKey]:
        """Yield the rows of its keys and of those below them."""
        defaults = _defaults(self.settings)
        for key in self.keys:
            path = f"{prefix}{key.name}"
            if key.meaning:
                yield DocumentedKey(path, _document_default(key, defaults), key.meaning)
            if key.has_file:
                yield DocumentedKey(f"{path}_file", "none", "a file that contains it")
            if key.block is not None:
                yield from key.block.document_keys(f"{path}[]." if key.is_list else f"{path}.")


@functools.cache
def _defaults(settings: type | None) -> dict[str, Any]:
    found = {}
    for field in fields(settings) if settings is not None else ():
        if field.default is not MISSING:
            found[field.name] = field.default
        elif field.default_factory is not MISSING:
            found[field.name] = field.default_factory()
    return found


def read_fields(settings: Any) -> dict[str, Any]:  # noqa: ANN401 - any dataclass
    """Return the values of the fields of settings, by name."""
    return {field.name: getattr(settings, field.name) for field in fields(settings)}


def _document_default(key: Key, defaults: Mapping[str, Any]) -> str:
    if key.default:
        return key.default
    default = key.get(defaults)
    shown = str(default).lower() if isinstance(default, bool) else key.dump(default)
    return "none" if key.block is not None or shown in (*_UNSET, (), "") else f"`{shown}`"
