"""Octets to text in whatever charset a message names, or does not name."""

import codecs
import re

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+-]{0,63}", re.ASCII)
_SURROGATES = re.compile("[\ud800-\udfff]")

# Charsets that mail programs label with the name of a smaller relative (WHATWG Encoding Standard, "labels"), and names
# that Python does not know.
_ALIASES = {
    "big5": "cp950",
    "euc-cn": "gb18030",
    "euc-kr": "cp949",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gbk": "gb18030",
    "cp936": "gb18030",
    "x-gbk": "gb18030",
    "iso-8859-1": "cp1252",
    "iso-8859-8-i": "iso-8859-8",
    "ks_c_5601-1987": "cp949",
    "shift_jis": "cp932",
    "x-sjis": "cp932",
    "unicode-1-1-utf-7": "utf-7",
    "windows-874": "cp874",
}

# Codecs of Python that are no charsets of mail: two take quadratic time, the others run escapes or always fail.
_REFUSED = frozenset({"idna", "punycode", "unicode_escape", "unicodeescape", "raw_unicode_escape", "undefined"})


def decode(octets: bytes, charset: str) -> str:
    """Octets as text in the charset of that name (RFC 2047, RFC 2231); octets that do not fit become U+FFFD.

    A charset that nobody knows, and 8-bit octets that claim to be ASCII, are read as `guess` reads them.
    """
    label = charset.strip().lower()
    codec = _ALIASES.get(label, label)
    if not _NAME.fullmatch(codec) or codec.replace("-", "_") in _REFUSED:
        return guess(octets)
    if codec in {"ascii", "us-ascii", "unknown-8bit"}:
        return guess(octets)
    try:
        return _tidy(octets.decode(codec, "replace"))
    except (LookupError, UnicodeError):
        return guess(octets)


def guess(octets: bytes) -> str:
    """Octets of no named charset as text: ISO-2022-JP by its escapes, else UTF-8, else what reads best.

    GB18030 comes before the others where none reads better, since raw 8-bit header fields are the habit of Chinese mail
    programs; Latin-1 is what is left.
    """
    candidates = ("utf-8",) if b"\x1b" not in octets else ("iso2022_jp_2", "utf-8")
    for codec in candidates:
        try:
            return _tidy(octets.decode(codec))
        except UnicodeError:
            continue
    return octets.decode(_likeliest(octets[:_SAMPLE]), "replace")


# How a text in a language looks when it was read in the right charset: the share of such characters among those beyond
# ASCII. Hanzi: the most frequent ones, simplified and traditional, and those of bounces.
_SAMPLE = 4096  # octets
_ASCII = re.compile("[\\x00-\\x7f]")
_SIMPLIFIED = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经"
    "么去法学如都同现当没动面起看定天分还进好小部其些主样理心本前开但因只从想实日件邮信退收送址地户箱错误原因失败拒绝服务器请检查"
    "回复系统自抱歉您被投递无法主题间，。：、！？；（）【】…－"
)
_TRADITIONAL = (
    "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家種事成方多經"
    "麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心本前開但因只從想實日件郵信退收送址戶箱錯誤原因失敗拒絕服務器請檢查"
    "回覆系統通知自抱歉您被投遞無法主題間，。：、！？；（）【】…－"
)
_KANA = "[\\u3041-\\u3093\\u30a1-\\u30f6\\u30fc、。]"
_CYRILLIC = "(?<![A-Za-zА-Яа-яЁё])[А-ЯЁа-яё][а-яё]{4,}(?![A-Za-zА-Яа-яЁё])"
_LATIN = "(?<=[A-Za-z])[\\xc0-\\xff](?![\\xa1-\\xff]{2})|(?<![\\xa1-\\xff]{2})[\\xc0-\\xff](?=[A-Za-z])"
# A codec, what tells, the least share of it, and the codec to read with (the first one's larger relative).
_READINGS = (
    ("gb18030", re.compile(f"[{_SIMPLIFIED}]"), 0.3, "gb18030"),
    ("cp950", re.compile(f"[{_TRADITIONAL}]"), 0.3, "cp950"),
    ("cp932", re.compile(_KANA), 0.3, "cp932"),
    ("euc_jp", re.compile(_KANA), 0.3, "euc_jp"),
    (
        "euc_kr",
        re.compile("[니다가는을를이의에은로하기전송메일받지못했습사람수없음자동응답실패서버주소]"),
        0.5,
        "cp949",
    ),
    ("koi8-r", re.compile(_CYRILLIC), 0.5, "koi8-r"),
    ("cp1251", re.compile(_CYRILLIC), 0.5, "cp1251"),
    ("cp1252", re.compile(_LATIN), 0.6, "cp1252"),
)


def _likeliest(octets: bytes) -> str:
    """The codec in which octets, cut off anywhere, look most like text of its languages."""
    best, found = 0.0, "latin-1"
    for codec, telling, least, reader in _READINGS:
        try:
            text = codecs.getincrementaldecoder(codec)().decode(octets)
        except UnicodeError:
            continue
        if codec == "gb18030":
            found = reader  # until one that reads better
        beyond = len(text) - len(_ASCII.findall(text))
        share = sum(map(len, telling.findall(text))) / beyond if beyond else 0.0
        if share > best and share >= least:
            best, found = share, reader
    return found


def _tidy(text: str) -> str:
    """Text without lone surrogates, which no output format can carry (UTF-7 may bring them)."""
    return _SURROGATES.sub("\ufffd", text)


def is_known(charset: str) -> bool:
    """Whether mail readers know a charset of that name."""
    codec = _codec(charset)
    if codec is None:
        return False
    try:
        b"a".decode(codec)  # not of nothing, for which Python looks no codec up
    except LookupError:
        return False
    except UnicodeError:
        return True
    return True


def fits(octets: bytes, charset: str) -> bool:
    """Whether octets are text in a charset that is known; one cut off at its end is."""
    codec = _codec(charset) or "ascii"
    try:
        octets.decode(codec)
    except UnicodeDecodeError as error:
        return error.end >= len(octets) and error.reason in {"unexpected end of data", "incomplete multibyte sequence"}
    except (LookupError, UnicodeError):
        return False
    return True


def _codec(charset: str) -> str | None:
    label = charset.strip().lower()
    codec = _ALIASES.get(label, label)
    return codec if _NAME.fullmatch(codec) and codec.replace("-", "_") not in _REFUSED else None
