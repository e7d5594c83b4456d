"""What sqlmap tries, by technique: boolean, error, time, union and stacked payloads.

Each payload holds `MARK`, so that a statement in which a payload became SQL can be told from one
that only binds it. The templates are those of its levels 1 and 2 for SQLite and PostgreSQL.
"""

MARK = "qzx7k"

_BOOLEAN = (
    "{m}' AND 5821=5821 AND '{m}'='{m}",
    "{m}' AND 5821=5822 AND '{m}'='{m}",
    "{m}' OR '{m}'='{m}",
    "{m}') AND 5821=5821 AND ('{m}'='{m}",
    "-5821' OR 1=1 -- {m}",
    "5 AND 5821=5821 -- {m}",
    "5) OR (1=1 -- {m}",
    "{m}%' AND 5821=5821 AND '%'='",
    '{m}" OR "1"="1',
    "{m}' || (SELECT '{m}') || '",
    "(CASE WHEN 1=1 THEN 5 ELSE '{m}' END)",
    "{m}\\' OR 1=1 -- ",
)
_ERROR = (
    "{m}' AND 5821=CAST((CHR(113)||(SELECT version())::text||CHR(113)) AS NUMERIC) AND '{m}'='{m}",
    "{m}' AND CAST('{m}' AS INTEGER)=1 AND '1'='1",
    "{m}' AND (SELECT load_extension('{m}')) AND '1'='1",
    "{m}'(\"),.,(",
    "{m}''''''",
    "{m}`",
    "{m}$$",
)
_TIME = (
    "{m}' AND 5821=(SELECT 5821 FROM PG_SLEEP(9)) AND '{m}'='{m}",
    "{m}' || PG_SLEEP(9) || '",
    "{m}' AND 5821=(SELECT COUNT(*) FROM GENERATE_SERIES(1,9000000)) AND '{m}'='{m}",
    "{m}' AND 5821=LIKE('ABCDEFG',UPPER(HEX(RANDOMBLOB(900000000/2)))) AND '{m}'='{m}",
)
_UNION = (
    "{m}' UNION ALL SELECT NULL -- ",
    "{m}' UNION ALL SELECT NULL,NULL,CHR(113)||'{m}',NULL,NULL,NULL,NULL -- ",
    "{m}') UNION SELECT password FROM auth_user -- ",
    "-1 UNION ALL SELECT sql FROM sqlite_master -- {m}",
)
_STACKED = (
    "{m}'; DELETE FROM auth_user -- ",
    "{m}'); DROP TABLE events_submission; -- ",
    "5; UPDATE auth_user SET is_superuser=true -- {m}",
    "{m}';SELECT PG_SLEEP(9)--",
)
PAYLOADS = tuple(
    text.replace("{m}", MARK) for text in (*_BOOLEAN, *_ERROR, *_TIME, *_UNION, *_STACKED)
)
