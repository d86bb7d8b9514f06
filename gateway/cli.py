"""The `gateway` command. Messages are pt-BR; every error says what to do; exit 0 means done, 1 refused, 2 misused."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import getpass
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from gateway import __version__, config, explain_commands, logs
from gateway.config import Settings
from gateway.core.errors import GatewayError, ValidationFailed

_EXAMPLES = """exemplos:
  gateway init                          cria configuração, banco, chave e o usuário do console
  gateway init --test-branch            também uma filial de teste com certificado A1 e uma chave de API
  gateway serve                         API, console e worker em um processo
  gateway serve --no-worker & gateway worker
  gateway doctor                        confere tudo e diz o que fazer
  gateway demo --vtex-order pedido.json --json
  gateway explain 778                   o que é uma rejeição e como se corrige
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; answers the process's exit code."""
    parser = _parser()
    args = parser.parse_args(argv)
    try:
        code: int = args.run(args)
    except ValidationFailed as error:
        for fault in error.faults:
            _say(f"{fault.path}: {fault.message} {fault.fix} [{fault.code}]")
        return 1
    except GatewayError as error:
        _say(f"erro: {error.detail} [{error.code}]")
        if error.fix:
            _say(f"  -> {error.fix}")
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gateway",
        description="Gateway fiscal: NF-e, VTEX, ERP, impressoras e os fluxos entre eles.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"gateway {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="comando")

    def add(name: str, text: str, run, epilog: str = "") -> argparse.ArgumentParser:  # type: ignore[no-untyped-def]
        sub = commands.add_parser(
            name, help=text, description=text, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        sub.set_defaults(run=run)
        return sub

    sub = add(
        "serve",
        "serve a API e o console, e trabalha as filas no mesmo processo",
        _serve,
        "exemplo: GATEWAY_PORT=9000 gateway serve",
    )
    sub.add_argument("--no-worker", action="store_true", help="só a API; as filas ficam com `gateway worker`")
    add("worker", "trabalha as filas, sem API", _worker)

    sub = add("sim", "sobe os simuladores (SEFAZ, VTEX, impressora) e fica no ar", _sim, "exemplo: gateway sim --sefaz-port 9443")
    sub.add_argument("--sefaz-port", type=int, default=9443)
    sub.add_argument("--vtex-port", type=int, default=9480)
    sub.add_argument("--printer-port", type=int, default=9100)
    sub.add_argument("--control-port", type=int, default=9481, help="controle do simulador da SEFAZ: falhas, livro, estado")
    sub.add_argument("--dir", type=Path, default=Path("var/sim"), help="onde ficam os cupons impressos")
    sub.add_argument("--scenario", default="", help="arquivo ou nome de cenário com falhas a aplicar na SEFAZ")

    sub = add(
        "demo",
        "uma venda de balcão e um pedido da VTEX, do começo ao fim, contra os simuladores",
        _demo,
        "exemplo: gateway demo --vtex-order pedido.json --json",
    )
    sub.add_argument("--vtex-order", type=Path, help="processa este pedido (JSON do GET order da VTEX) em vez dos de exemplo")
    sub.add_argument(
        "--no-products", action="store_true", help="não cadastra os produtos do pedido: ele deve parar à espera deles"
    )
    sub.add_argument("--json", action="store_true", help="a última linha é um objeto JSON com o resultado")
    sub.add_argument("--stay", action="store_true", help="fica no ar depois, com console e simuladores")
    sub.add_argument("--dir", type=Path, default=Path("var/demo"), help="onde ficam banco, XML, PDF e imagens")
    sub.add_argument("--verbose", action="store_true", help="mostra os logs")

    sub = add("init", "prepara esta instalação: configuração, banco, chave, usuário do console", _init)
    sub.add_argument(
        "--test-branch", action="store_true", help="cria uma filial de teste com certificado A1 e imprime uma chave de API"
    )
    sub.add_argument("--cnpj", default="", help="CNPJ da filial de teste")
    sub.add_argument("--uf", default="SP", help="UF da filial de teste")
    sub.add_argument("--crt", default="3", choices=("1", "2", "3", "4"), help="regime tributário da filial de teste")
    sub.add_argument("--user", default="admin", help="usuário administrador do console")
    sub.add_argument("--json", action="store_true", help="imprime o resultado em uma linha JSON")

    sub = add("doctor", "confere configuração, banco, fila, certificados e a SEFAZ de cada filial", _doctor)
    sub.add_argument("--offline", action="store_true", help="não chama a SEFAZ")

    sub = add("db", "o banco: versão do esquema, migração, o que está guardado e até quando", _db)
    sub.add_argument("action", choices=("status", "upgrade", "retention"))

    sub = add(
        "cert",
        "certificados A1 das filiais e das empresas",
        _cert,
        "exemplos (a senha é perguntada):\n"
        "  gateway cert add --branch 11222333000181 --file loja.pfx     só desta filial\n"
        "  gateway cert add --root 11222333 --file empresa.pfx          das filiais da raiz que não têm o seu\n"
        "  gateway cert list                                            quem enviou, quando, até quando vale",
    )
    sub.add_argument("action", choices=("add", "list"))
    sub.add_argument("--branch", default="", help="CNPJ da filial")
    sub.add_argument("--root", default="", help="raiz do CNPJ (8 caracteres): para todas as filiais sem certificado próprio")
    sub.add_argument("--file", type=Path, help="arquivo .pfx ou .p12")
    sub.add_argument("--password-stdin", action="store_true", help="lê a senha da entrada padrão")

    sub = add(
        "operations",
        "as linhas de operação de uma filial, em CSV",
        _operations,
        "exemplo: gateway operations export operacoes.csv --branch 11222333000181   (e import, depois de editar)",
    )
    sub.add_argument("action", choices=("import", "export"))
    sub.add_argument("file", type=Path, help="arquivo CSV; - na exportação é a saída padrão")
    sub.add_argument("--branch", required=True, help="CNPJ da filial")

    sub = add("key", "chaves de API", _key, "exemplo: gateway key add --name pdv-loja-1 --scopes nfe:write,nfe:read")
    sub.add_argument("action", choices=("add", "list", "revoke"))
    sub.add_argument("--name", default="")
    sub.add_argument("--scopes", default="*")
    sub.add_argument("--branches", default="*")
    sub.add_argument("--id", default="")

    explain_commands.add(commands, _explain, _why)

    sub = add(
        "emit",
        "envia um arquivo de vendas à API no ar, com uma resposta por linha",
        _emit,
        "exemplo: gateway emit vendas.ndjson --key-file chave.txt --resume respostas.ndjson",
    )
    sub.add_argument("file", type=Path, help="NDJSON: um corpo de POST /v1/nfe por linha; ou CSV, com --mapping")
    sub.add_argument("--mapping", type=Path, help="TOML que diz que coluna do CSV vai a que campo da venda")
    sub.add_argument("--url", default="http://127.0.0.1:8080", help="endereço da API")
    sub.add_argument("--key-file", type=Path, help="arquivo com a chave de API (padrão: variável GATEWAY_API_KEY)")
    sub.add_argument("--at-once", type=int, default=8, help="quantas vendas ao mesmo tempo, de 1 a 64")
    sub.add_argument("--resume", type=Path, help="arquivo de respostas: pula as linhas já finais e acrescenta as novas")

    _add_rules(add)
    _add_custody(add)

    sub = add("bench", "mede esta máquina", _bench, "exemplo: gateway bench issue --items 1,100 --json")
    sub.add_argument("name", choices=("issue", "build", "sign", "validate", "floor"))
    sub.add_argument("--items", default="1,10,100")
    sub.add_argument("--json", action="store_true")
    sub.add_argument("--threads", type=int, default=1, help="quantas threads fazem notas ao mesmo tempo, de 1 a 64")
    sub.add_argument(
        "--reform",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="a nota com os grupos de IBS e CBS, ou a de 2025, sem eles",
    )
    sub.add_argument("--new-prices", action="store_true", help="todo item com um valor que nunca apareceu antes")
    sub.add_argument(
        "--peers",
        action=argparse.BooleanOptionalAction,
        help="em issue, a mesma nota por outras bibliotecas Python, do ambiente .venv-bench (padrão: se ele existir)",
    )
    return parser


def _add_custody(add) -> None:  # type: ignore[no-untyped-def]
    sub = add(
        "verify",
        "confere, byte a byte, tudo o que está guardado contra a cadeia de integridade",
        _verify,
        "exemplos:\n"
        "  gateway verify                                         tudo\n"
        "  gateway verify --since 2026-11-01 --until 2026-11-30   só o que foi guardado nesses dias (UTC)\n"
        "  gateway verify --head 1520:9f8b...                     e que o elo anotado no mês passado continua lá\n"
        "sai com 0 se tudo confere; com 1 se algo foi alterado, falta ou está fora de ordem",
    )
    sub.add_argument("--since", default="", help="primeiro dia, AAAA-MM-DD")
    sub.add_argument("--until", default="", help="último dia, AAAA-MM-DD")
    sub.add_argument("--head", default="", help="SEQ:HASH de um elo anotado antes (integrity.txt de uma exportação)")

    sub = add(
        "export",
        "um mês de uma filial em ZIP: XML das notas, índice em CSV, somas de conferência",
        _export,
        "exemplo: gateway export --branch 11222333000181 --month 2026-11 --out novembro.zip",
    )
    sub.add_argument("--branch", required=True, help="CNPJ da filial")
    sub.add_argument("--month", required=True, help="mês da autorização, AAAA-MM")
    sub.add_argument("--out", type=Path, required=True, help="arquivo a gravar; só aparece inteiro")


def _export(args: argparse.Namespace) -> int:
    from gateway.custody_commands import export

    print(asyncio.run(export(_settings(), args.branch, args.month, args.out, progress=_say)))
    return 0


def _verify(args: argparse.Namespace) -> int:
    from gateway.custody_commands import verify

    return asyncio.run(verify(_settings(), args.since, args.until, args.head, say=print, progress=_say))


def _add_rules(add) -> None:  # type: ignore[no-untyped-def]
    sub = add(
        "rules",
        "as regras antes da SEFAZ: o que cada uma acertou, ensaio sobre notas autorizadas, promoção",
        _rules,
        "exemplos:\n"
        "  gateway rules list --environment 2\n"
        "  gateway rules show R-UB63-10               os números dela, e o que falta para recusar\n"
        "  gateway rules replay                       todas as que estão em sombra\n"
        "  gateway rules replay --code R-UB63-10      uma só; interrompido, continua de onde parou\n"
        "  gateway rules promote R-UB63-10 --to refuse --reason 'ensaio de 12/2026 sem falso alarme'\n"
        "  gateway rules demote R-UB13-20 --to shadow --reason 'UF autorizou nota que ela recusa'",
    )
    sub.add_argument("action", choices=("list", "show", "replay", "promote", "demote"))
    sub.add_argument("name", nargs="?", default="", help="código da regra: show, promote, demote")
    sub.add_argument("--environment", type=int, choices=(1, 2), default=1, help="1 produção (padrão), 2 homologação")
    sub.add_argument("--code", action="append", default=[], help="replay: só esta regra (pode repetir)")
    modes = ("refuse", "warn", "shadow", "off", "default")
    sub.add_argument("--to", choices=modes, help="o novo modo; default é o da própria regra")
    sub.add_argument("--reason", default="", help="por quê; fica na auditoria")
    sub.add_argument("--force", action="store_true", help="promove mesmo sem os números; o motivo fica na auditoria")


def _rules(args: argparse.Namespace) -> int:
    from gateway import rule_commands

    if args.action in ("show", "promote", "demote") and not args.name:
        _say(f"erro: diga a regra: gateway rules {args.action} CODIGO")
        return 2
    if args.action in ("promote", "demote") and args.to is None:
        _say("erro: diga o modo em --to")
        return 2
    settings = _settings()
    match args.action:
        case "list":
            lines = asyncio.run(rule_commands.listed(settings, args.environment))
        case "show":
            lines = asyncio.run(rule_commands.shown(settings, args.name, args.environment))
        case "replay":
            lines = asyncio.run(rule_commands.replayed(settings, tuple(args.code), args.environment, _say))
        case _:
            moved = rule_commands.moved(
                settings,
                args.name,
                args.environment,
                args.to,
                upwards=args.action == "promote",
                reason=args.reason,
                force=args.force,
            )
            lines = asyncio.run(moved)
    for line in lines:
        print(line)
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _settings(*, service: bool = False) -> Settings:
    """The settings, with logs as they say for a service; a command answers in sentences, so it only logs what went wrong."""
    settings = config.load()
    if service or settings.log_level == "debug":
        logs.configure(level=settings.log_level, fmt=settings.log_format)
    else:
        logs.configure(level="error", fmt="text")
    return settings


def _serve(args: argparse.Namespace) -> int:
    return asyncio.run(_run(_settings(service=True), api=True, worker=not args.no_worker))


def _worker(args: argparse.Namespace) -> int:
    return asyncio.run(_run(_settings(service=True), api=False, worker=True))


async def _run(settings: Settings, *, api: bool, worker: bool) -> int:
    """Serve until a signal asks to stop, or until something inside can no longer go on (exit 1, for the supervisor)."""
    from gateway.bootstrap import Gateway

    gateway = Gateway(settings, api=api, worker=worker)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows has no signal handlers in its loop
            loop.add_signal_handler(number, stop.set)
    try:
        await gateway.start()
    except GatewayError:
        await gateway.abandon()
        raise
    # Modules, tables and the application stay for good: the collector need not walk them again, note after note.
    gc.collect()
    gc.freeze()
    if api:
        _say(f"Gateway no ar: {gateway.url}   console: {gateway.url}/console   documentação: {gateway.url}/docs")
    waiting = [asyncio.create_task(stop.wait()), asyncio.create_task(gateway.halted.wait())]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    halted = gateway.halted.is_set()
    await gateway.stop()
    return 1 if halted else 0


def _sim(args: argparse.Namespace) -> int:
    from gateway.sim.pki import TestPki
    from gateway.stage import Simulators

    settings = config.load()
    logs.configure(level="info", fmt="text")

    async def run() -> int:
        sims = Simulators(
            args.dir,
            pki=TestPki(settings.data / "pki"),
            sefaz_port=args.sefaz_port,
            vtex_port=args.vtex_port,
            printer_port=args.printer_port,
            sefaz_control_port=args.control_port,
            scenario=args.scenario,
        )
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(number, stop.set)
        await sims.start()
        print(sims.describe(), flush=True)
        await stop.wait()
        await sims.stop()
        return 0

    return asyncio.run(run())


def _demo(args: argparse.Namespace) -> int:
    from gateway.demo import run_demo

    logs.configure(level="info" if args.verbose else "error", fmt="text")
    return asyncio.run(
        run_demo(args.dir, order_file=args.vtex_order, register_products=not args.no_products, as_json=args.json, stay=args.stay)
    )


def _init(args: argparse.Namespace) -> int:
    from gateway.setup_commands import initialise

    settings = _settings()
    result = asyncio.run(
        initialise(settings, user=args.user, test_branch=args.test_branch, cnpj=args.cnpj, uf=args.uf.upper(), crt=args.crt)
    )
    if args.json:
        print(json.dumps(result, ensure_ascii=False))
        return 0
    print(f"Dados em {result['data_dir']}; banco {result['database']}")
    if result.get("password"):
        print(f"Console: usuário {result['user']}, senha {result['password']}   (mostrada só agora)")
    if args.test_branch:
        print(
            f"Filial de teste: {result['branch']} ({args.uf.upper()}, CRT {args.crt}, homologação), certificado A1 de teste ativo"
        )
        print(f"Chave de API: {result['api_key']}   (mostrada só agora)")
        print(f"CA do certificado de teste: {result['ca']}")
    print("Agora: gateway doctor, e depois gateway serve")
    return 0


def _doctor(args: argparse.Namespace) -> int:
    from gateway.doctor import examine

    settings = _settings()
    findings = asyncio.run(examine(settings, offline=args.offline))
    for finding in findings:
        mark = {"ok": "ok   ", "warning": "aviso", "error": "ERRO "}[finding.level]
        print(f"{mark}  {finding.subject}: {finding.message}")
        if finding.fix and finding.level != "ok":
            print(f"         -> {finding.fix}")
    return 1 if any(finding.level == "error" for finding in findings) else 0


def _db(args: argparse.Namespace) -> int:
    from gateway.store import schema

    settings = _settings()
    if args.action == "retention":
        from gateway.custody_commands import retention

        for line in asyncio.run(retention(settings)):
            print(line)
        return 0
    if args.action == "upgrade":
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        schema.upgrade(settings.database)
    waiting = schema.pending(settings.database)
    print(f"esquema: {schema.current(settings.database) or 'vazio'}; migrações pendentes: {len(waiting)}")
    return 0 if not waiting or args.action == "upgrade" else 1


def _cert(args: argparse.Namespace) -> int:
    from gateway.setup_commands import add_certificate, list_certificates

    settings = _settings()
    if args.action == "list":
        for line in asyncio.run(list_certificates(settings)):
            print(line)
        return 0
    if bool(args.branch) == bool(args.root) or args.file is None:
        _say("erro: informe --branch CNPJ ou --root RAIZ, e --file ARQUIVO.pfx")
        return 2
    if not args.file.is_file():
        _say(f"erro: o arquivo {args.file} não existe ou não pode ser lido.")
        return 1
    password = sys.stdin.readline().rstrip("\n") if args.password_stdin else getpass.getpass("Senha do certificado: ")
    print(asyncio.run(add_certificate(settings, args.branch or args.root, args.file.read_bytes(), password)))
    return 0


def _operations(args: argparse.Namespace) -> int:
    from gateway.setup_commands import export_operations, import_operations

    settings = _settings()
    if args.action == "import":
        if not args.file.is_file():
            _say(f"erro: o arquivo {args.file} não existe ou não pode ser lido.")
            return 1
        print(asyncio.run(import_operations(settings, args.branch, args.file.read_bytes())))
        return 0
    text = asyncio.run(export_operations(settings, args.branch))
    if str(args.file) == "-":
        sys.stdout.write(text)
    else:
        args.file.write_bytes(text.encode())
        print(f"{args.file}: {len(text.splitlines()) - 1} linhas de operação.")
    return 0


def _key(args: argparse.Namespace) -> int:
    from gateway.setup_commands import add_key, list_keys, revoke_key

    settings = _settings()
    if args.action == "list":
        for line in asyncio.run(list_keys(settings)):
            print(line)
        return 0
    if args.action == "revoke":
        print(asyncio.run(revoke_key(settings, args.id)))
        return 0
    if not args.name:
        _say("erro: informe --name, para saber depois de quem é a chave")
        return 2
    token = asyncio.run(add_key(settings, args.name, tuple(args.scopes.split(",")), tuple(args.branches.split(","))))
    print(f"{token}   (mostrada só agora)")
    return 0


def _explain(args: argparse.Namespace) -> int:
    from gateway.explain_lines import explained

    for line in asyncio.run(explained(_settings(), args)):
        print(line)
    return 0


def _why(args: argparse.Namespace) -> int:
    from gateway.explain_lines import story

    for line in asyncio.run(story(_settings(), args)):
        print(line)
    return 0


def _emit(args: argparse.Namespace) -> int:
    from gateway.emit import Answer, emit, finished, read

    if not 1 <= args.at_once <= 64:
        _say("erro: --at-once vai de 1 a 64")
        return 2
    if args.key_file is not None and not args.key_file.is_file():
        _say(f"erro: o arquivo {args.key_file} não existe ou não pode ser lido.")
        return 2
    key = (args.key_file.read_text(encoding="utf-8") if args.key_file else os.environ.get("GATEWAY_API_KEY", "")).strip()
    if not key.isascii() or not key.isprintable() or not key:
        _say("erro: informe a chave de API em --key-file ou em GATEWAY_API_KEY (gateway key add a cria)")
        return 2
    done = {} if args.resume is None else finished(args.resume)
    with contextlib.ExitStack() as stack:
        out = sys.stdout if args.resume is None else stack.enter_context(args.resume.open("a+", encoding="utf-8"))
        if args.resume is not None and out.tell() and not args.resume.read_bytes().endswith(b"\n"):
            out.write("\n")  # an interruption cut the last answer
        count = 0

        def write(answer: Answer) -> None:
            nonlocal count
            count += 1
            out.write(json.dumps(answer, ensure_ascii=False) + "\n")
            out.flush()
            if count % 100 == 0:
                _say(f"{count} respostas")

        rows = read(args.file, args.mapping)
        total, failed = asyncio.run(emit(rows, url=args.url, key=key, at_once=args.at_once, done=done, write=write))
    _say(f"{total} linhas: {total - failed} autorizadas, {failed} não ({total - count} de antes)")
    return 1 if failed else 0


def _bench(args: argparse.Namespace) -> int:
    from gateway.bench import peers_python, run

    if args.peers and args.name != "issue":
        _say("erro: --peers compara a nota inteira: use gateway bench issue --peers")
        return 2
    python = None if args.peers is False or args.name != "issue" else peers_python()
    if args.peers and python is None:
        _say("aviso: outras bibliotecas não foram medidas, por faltar .venv-bench; para criá-lo, rode make bench no projeto")
    try:
        items = tuple(int(text) for text in args.items.split(","))
    except ValueError:
        _say("erro: --items é uma lista de números, como 1,10,100")
        return 2
    if not 1 <= args.threads <= 64:
        _say("erro: --threads vai de 1 a 64")
        return 2
    for row in run(args.name, items, python=python, reform=args.reform, threads=args.threads, new_prices=args.new_prices):
        if args.json:
            print(json.dumps(row, ensure_ascii=False), flush=True)
        elif "error" in row:
            print(f"{row['peer']}: não fez a nota de {row['items']} itens: {row['error']}", flush=True)
        else:
            text = f"{row['bench']:10} {row['items']:>5} itens  {row['value']:>10.1f} {row['unit']}  {row.get('peer', '')}"
            if "ratio" in row:
                text += f"piso {row['floor']:.1f}, razão {row['ratio']:.3f}"
            print(text.rstrip(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
