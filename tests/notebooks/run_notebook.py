"""Runs a notebook with the Deno kernel and writes it back with its outputs.

usage: run_notebook.py DENO NOTEBOOK OUT [TIMEOUT_SECONDS]

The kernel specification is made in a temporary folder, so that nothing needs to be installed for
the user. Exits with 1 and the failing cell's error when a cell fails.
"""

import json
import os
import pathlib
import sys
import tempfile

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError


def main() -> int:
    deno, source, out = sys.argv[1:4]
    timeout = int(sys.argv[4]) if len(sys.argv) > 4 else 300
    with tempfile.TemporaryDirectory() as folder:
        spec = pathlib.Path(folder, "kernels", "deno")
        spec.mkdir(parents=True)
        spec.joinpath("kernel.json").write_text(json.dumps({
            "argv": [deno, "jupyter", "--kernel", "--conn", "{connection_file}"],
            "display_name": "Deno",
            "language": "typescript",
        }))
        os.environ["JUPYTER_PATH"] = folder
        notebook = nbformat.read(source, as_version=4)
        client = NotebookClient(
            notebook,
            timeout=timeout,
            kernel_name="deno",
            resources={"metadata": {"path": str(pathlib.Path(source).parent)}},
        )
        try:
            client.execute()
        except CellExecutionError as error:
            print(error, file=sys.stderr)
            return 1
        finally:
            nbformat.write(notebook, out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
