"""`/v1/rules`: the rules before SEFAZ, how often each was right, and the mode it runs in."""

from __future__ import annotations

from typing import Any, Literal, cast

from aiohttp import web

from gateway.api.auth import KEY, actor, sees
from gateway.api.decode import read_json
from gateway.api.operation import Parameter, operation
from gateway.api.presentation import document_url, local, maybe_local
from gateway.api.respond import choices, ok
from gateway.api.rule_resources import (
    ModeChange,
    Replayed,
    RuleDetail,
    RuleExample,
    RuleInEnvironment,
    Rules,
    RuleSummary,
)
from gateway.api.services import SERVICES
from gateway.core.errors import Forbidden, NotFound
from gateway.nfe.rule_controls import controls
from gateway.nfe.rulebook import MODE_LABELS, Rule, mode_of, rule_named
from gateway.store import predictions, rule_modes, rule_replays
from gateway.store.predictions import Counts
from gateway.store.rule_promotion import change_mode, outdated

TAG = "Regras"
ENVIRONMENTS: tuple[Literal[1, 2], ...] = (1, 2)
_SINCE = {1: "prod", 2: "hom"}
_MODE = Parameter("mode", f"One or more of: {', '.join(MODE_LABELS)}; in either environment")


class _Known:
    """What the store knows of rules, read at once."""

    def __init__(self, conn: Any) -> None:
        self.modes = rule_modes.mode_rows(conn)
        self.counts = predictions.counts(conn)
        self.replays = {environment: rule_replays.last_finished(conn, environment) for environment in ENVIRONMENTS}


@operation("Listar regras", tag=TAG, scope="nfe:read", responses={200: Rules}, parameters=(_MODE,), problems=(422,))
async def index(request: web.Request) -> web.Response:
    """Every declared rule: its mode in each environment, dates, and how often it was right, missed, or cried wolf."""
    services = request.app[SERVICES]
    wanted = choices(request, "mode", MODE_LABELS)
    known = await services.db.read(_Known)
    shown = [RuleSummary(**_fields(request, rule, known)) for rule in services.rulebook.rules()]
    kept = [one for one in shown if not wanted or any(where.mode in wanted for where in one.environments)]
    return ok(Rules(items=tuple(kept)))


@operation("Ver uma regra", tag=TAG, scope="nfe:read", responses={200: RuleDetail}, problems=(404,))
async def show(request: web.Request) -> web.Response:
    """The rule, its numbers, and the last notes it fired on or missed."""
    return ok(await _detail(request, _find(request)))


@operation(
    "Mudar o modo de uma regra",
    tag=TAG,
    scope="setup",
    request=ModeChange,
    responses={200: RuleDetail},
    problems=(400, 404, 409, 413, 422, 503),
)
async def put_mode(request: web.Request) -> web.Response:
    """Promotes or demotes a rule in one environment; the next note of every worker follows. To `refuse` it goes by numbers
    only: a thousand authorised notes replayed without a false alarm, none in use, and a negative control that fired; what lacks
    is told, all together, as 422. `force` goes over that, and the reason stays in the audit. A key limited to branches may not
    do this."""
    rule, change = _find(request), await read_json(request, ModeChange)
    if request[KEY].branches:
        fix = "Use uma chave de todas as filiais: o modo vale para todas."
        raise Forbidden("O modo de uma regra vale para todas as filiais.", code="GW-BRANCH", fix=fix)
    services = request.app[SERVICES]
    at, who = services.clock.epoch_ms(), actor(request)
    await services.db.write(
        lambda conn: change_mode(
            conn,
            rule,
            change.environment,
            None if change.mode == "default" else change.mode,
            reason=change.reason,
            force=change.force,
            actor=who,
            at=at,
        )
    )
    return ok(await _detail(request, rule))


def _find(request: web.Request) -> Rule:
    code = request.match_info["code"]
    rule = rule_named(request.app[SERVICES].rulebook, code)
    if rule is None:
        raise NotFound(f"A regra '{code[:60]}' não existe.", fix="Veja os códigos em GET /v1/rules.")
    return rule


async def _detail(request: web.Request, rule: Rule) -> RuleDetail:
    services = request.app[SERVICES]

    def read(conn: Any) -> tuple[_Known, list[RuleExample]]:
        shown = []
        for environment in ENVIRONMENTS:
            for one in predictions.examples(conn, rule.code, environment):
                if sees(request, one.branch):
                    shown.append(_example(request, environment, one))
        return _Known(conn), shown

    known, shown = await services.db.read(read)
    shown.sort(key=lambda one: one.at, reverse=True)
    return RuleDetail(**_fields(request, rule, known), examples=tuple(shown))


def _example(request: web.Request, environment: Literal[1, 2], one: predictions.Example) -> RuleExample:
    settings = request.app[SERVICES].settings
    return RuleExample(
        environment=environment,
        ref=one.ref,
        chave_acesso=one.chave,
        path=one.path,
        mode=one.mode,
        at=local(one.at, settings.zone),
        outcome=one.outcome,
        answer=one.answer,
        url=document_url(one.ref, settings.public_url),
    )


def _fields(request: web.Request, rule: Rule, known: _Known) -> dict[str, Any]:
    return {
        "code": rule.code,
        "rule": rule.rule,
        "cStat": rule.cStat,
        "models": tuple(rule.models),
        "default_mode": rule.mode,
        "mandatory": rule.mandatory,
        "certainty": rule.certainty,
        "source": rule.source,
        "until": rule.until,
        "has_control": rule.code in controls(),
        "environments": tuple(_in(request, rule, environment, known) for environment in ENVIRONMENTS),
    }


def _in(request: web.Request, rule: Rule, environment: Literal[1, 2], known: _Known) -> RuleInEnvironment:
    zone = request.app[SERVICES].settings.zone
    own, counted = known.modes.get((rule.code, environment)), known.counts.get((rule.code, environment), Counts())
    mode = mode_of(rule, {} if own is None else {rule.code: own.mode})
    replay, tally = known.replays[environment].get(rule.code, (None, None))
    replayed = None
    if replay is not None and replay.finished_at is not None and tally is not None:
        replayed = Replayed(
            finished_at=local(replay.finished_at, zone),
            evaluated=tally.evaluated,
            false_alarms=tally.false_alarms,
            controlled=tally.controlled,
            fired=tally.fired,
            examples=tuple(tally.examples),
            outdated=outdated(rule, tally),
        )
    return RuleInEnvironment(
        environment=environment,
        mode=cast(Any, mode),
        mode_label=MODE_LABELS[mode],
        since=rule.since.get(_SINCE[environment]),
        changed_at=maybe_local(own.at if own else None, zone),
        changed_by=own.actor if own else None,
        reason=own.reason if own else None,
        forced=own.forced if own else False,
        hits=counted.hits,
        misses=counted.misses,
        false_alarms=counted.false_alarms,
        undetermined=counted.undetermined,
        replay=replayed,
    )
