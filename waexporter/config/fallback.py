"""The list `pager.fallback`: addresses for pages that WhatsApp can't carry."""

from __future__ import annotations

import functools
import re
from urllib.parse import parse_qs, urlsplit

from waexporter.config.keys import HIDDEN, Block, Key
from waexporter.config.secret_keys import clean_secret, find_given, secret_key
from waexporter.config.section import Section
from waexporter.config.values import scalars
from waexporter.config.values.urls import http_url
from waexporter.model import Fallback, Format, Secret

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")
_FORMAT = scalars.choice(*(each.value for each in Format))
# The hosts of chats, the paths of their webhooks, and the format; any other path may expect another format.
_KNOWN: tuple[tuple[str, str, Format], ...] = (
    (r"hooks\.slack(-gov)?\.com", "/", Format.SLACK),
    (r"chat\.googleapis\.com", "/v1/spaces/", Format.GOOGLE_CHAT),
    # The older connectors of Teams accept the format of Slack.
    (r"(.+\.)?webhook\.office\.com", "/", Format.SLACK),
    (r"outlook\.office(365)?\.com", "/webhook", Format.SLACK),
    (r".+\.logic\.azure\.(com|us|cn)", "/workflows/", Format.TEAMS),
    (r".+\.api\.powerplatform\.(com|us|cn)", "/powerautomate/", Format.TEAMS),
    (r"(.+\.)?discord(app)?\.com", "/api/.*/slack/?$", Format.SLACK),
    (r"(.+\.)?discord(app)?\.com", "/api/", Format.DISCORD),
    (r"api\.telegram\.org", "/bot", Format.TELEGRAM),
    (r"open\.(feishu\.cn|larksuite\.com)", "/open-apis/bot/", Format.FEISHU),
    (r"(o?api)\.dingtalk\.com", "/robot/", Format.DINGTALK),
    (r"qyapi\.weixin\.qq\.com", "/cgi-bin/webhook/", Format.WECOM),
    (r"ntfy\.sh", "/", Format.TEXT),
)


def read_fallback(pager: Section, key: str, _: object) -> tuple[Fallback, ...]:
    """Read the entries: each is an address, or a mapping with an address."""
    read = [
        _read_entry(pager, f"{key}[{index}]", entry)
        for index, entry in enumerate(pager.get(key, _addresses, []))
    ]
    return tuple(each for each in read if each is not None)


def dump_fallback(entries: tuple[Fallback, ...]) -> list[object]:
    """Return the entries for the document: only the address if its format is the default."""
    return [HIDDEN if each.format is Format.JSON else FALLBACK.dump(each) for each in entries]


def format_of(url: str) -> Format:
    """Return the format that the host of an address expects, or JSON if the host is not known."""
    parts = urlsplit(url)
    host, path = (parts.hostname or "").removesuffix("."), parts.path or "/"
    return next(
        (form for at, below, form in _KNOWN if re.fullmatch(at, host) and re.match(below, path)), Format.JSON
    )


def _addresses(value: object) -> list[object]:
    return scalars.listed(value, "addresses")


def _read_entry(pager: Section, key: str, value: object) -> Fallback | None:
    if isinstance(value, dict):
        return _read_mapping(Section(pager.report, f"{pager.path}.{key}", value))
    try:
        url = _address(clean_secret(scalars.string(value), functools.partial(pager.add_note, key)))
        form = format_of(url)
        _check(url, form)
    except ValueError as error:
        pager.add_problem(key, str(error))
        return None
    return Fallback(Secret(url), form)


def _read_mapping(section: Section) -> Fallback | None:
    with section as entry:
        values = FALLBACK.read(entry, format=None)
        url, form = values["url"], entry.get("format", _FORMAT, None)
        if find_given(entry, "url") is None:
            entry.add_problem("url", "is required, or url_file")
        if url is None:
            return None
        fallback = Fallback(url, Format(form) if form else format_of(url.reveal()))
        if form and not fallback.is_webhook:
            entry.add_problem("format", "is for addresses that begin with https:// or http://; leave it out")
        try:
            _check(url.reveal(), fallback.format)
        except ValueError as error:
            entry.add_problem("url", str(error))
        return fallback


def _address(address: str) -> str:
    """Check an address: http(s)://… for a webhook, any other scheme for Apprise."""
    if not _SCHEME.fullmatch(address):
        raise ValueError("must be an address such as https://host/path, or one of Apprise")
    return http_url(address) if address.lower().startswith(("http://", "https://")) else address


def _check(url: str, form: Format) -> None:
    if form is Format.TELEGRAM and not parse_qs(urlsplit(url).query).get("chat_id"):
        raise ValueError("must end in sendMessage?chat_id=… with the id of the chat")


FALLBACK = Block(
    "fallback",
    Fallback,
    (
        secret_key("url", "the address; required, unless `url_file` is given", _address),
        # Read by _read_mapping, because its default depends on the address.
        Key(
            "format",
            None,
            "how an `http(s)://` address is spoken to; the hosts of Slack, Google Chat, Teams, Discord, "
            "Telegram (`…/sendMessage?chat_id=…`), Feishu, DingTalk, WeCom and ntfy are known. `json` "
            '(`{"text": …, "alerts": […]}`, or the text alone where that is refused by 400, 415 or '
            "422), `text`, `slack`, `google_chat`, `teams`, `discord`, `telegram`, `feishu`, `dingtalk` or "
            "`wecom`",
            write=str,
            default="what the host is known to take, else `json`",
        ),
    ),
)
