"""Command line: ``python -m dossier check``, ``build`` and ``edition``."""

import argparse
import sys

from dossier.unchanged import is_built


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="dossier", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="check the tables and settings; faults go to standard error")
    commands.add_parser("build", help="check, build the book, publish it to _build/html")
    commands.add_parser("edition", help="build, and keep the addresses that no later edition may lose")
    command = parser.parse_args(arguments).command

    # imported late, here and below: each command, and each worker of a build, imports what it needs
    from dossier.package import DataError, load

    try:
        data = load()
        project = data.folder.parent
        if command == "build" and is_built(project):
            print("nothing has changed since the last build")
            print(f"the book: {(project / '_build' / 'html' / 'index.html').as_uri()}")
            return 0

        from dossier import workers
        from dossier.project import project_faults

        if command != "check":
            workers.prepare()

        passed = project / "_build" / "work" / "checked"
        if faults := project_faults(data, passed if command == "build" else None):
            for fault in faults:
                print(fault, file=sys.stderr)
            print(f"{len(faults)} fault{'s' if len(faults) > 1 else ''}", file=sys.stderr)
            return 1
        if command == "build":
            from dossier.publish import publish

            return publish(project)
        if command == "edition":
            from dossier.book.anchors import record

            return record(project)
    except (OSError, DataError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 130
    print(f"{sum(len(data.text(name)) for name in data.schemas)} rows in {len(data.schemas)} tables: no fault")
    return 0


if __name__ == "__main__":
    code = main()

    from dossier import workers

    workers.end(code)
