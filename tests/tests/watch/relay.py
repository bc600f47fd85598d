"""Runs a command in a terminal of its own: relay.py COLUMNS ROWS COMMAND...

Standard input is what a person types, standard output is what the terminal gets.
"""

import fcntl
import os
import pty
import select
import struct
import sys
import termios

SIZE_OF_PIECE = 4096


def relay(terminal: int) -> None:
    """Copies both ways until the command has closed the terminal."""
    sources = [terminal, sys.stdin.fileno()]
    while True:
        for source in select.select(sources, [], [])[0]:
            try:
                piece = os.read(source, SIZE_OF_PIECE)
            except OSError:  # Linux answers so once the other side is closed.
                piece = b""
            if source == terminal and not piece:
                return
            if not piece:
                sources.remove(source)
            elif source == terminal:
                os.write(sys.stdout.fileno(), piece)
            else:
                os.write(terminal, piece)


def main() -> int:
    columns, rows, *command = sys.argv[1:]
    child, terminal = pty.fork()
    if child == 0:
        size = struct.pack("HHHH", int(rows), int(columns), 0, 0)
        fcntl.ioctl(sys.stdout.fileno(), termios.TIOCSWINSZ, size)
        os.execvp(command[0], command)
    relay(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


sys.exit(main())
