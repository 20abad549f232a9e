# SPDX-License-Identifier: LGPL-2.1-or-later
"""bash and zsh as somebody has them who types at a terminal: what their completion makes of a line."""

import contextlib
import os
import pty
import select
import shlex
import shutil
import tempfile

from harness import PATIENCE, Programs, Skip, need

PROMPT = "at your service> "
DONE = "--- done"
BASH_COMPLETION = "/usr/share/bash-completion/bash_completion"
ALL = "\x18a"  # what both shells have on a key here: all that would fit

# what was typed, word by word as the shell has it, is written to a pipe
ARGS = f"""args() {{{{ printf '%s\\0' "$@" >{{pipe}}; echo '{DONE}'; }}}}
"""

BASH = ARGS + f"""PS1='{PROMPT}' HISTFILE=
bind 'set enable-bracketed-paste off' '"\\C-xa": insert-completions'
. {BASH_COMPLETION}
"""

ZSH = ARGS + f"""PS1='{PROMPT}' HISTFILE=
unset zle_bracketed_paste
setopt no_prompt_sp no_beep
bindkey -e
fpath=({{folder}}/zsh/vendor-completions $fpath)
autoload -Uz compinit && compinit -u -D
all() {{{{ _main_complete; compstate[insert]=all compstate[list]= }}}}
zle -C all complete-word all
bindkey '^Xa' all
"""


class Shell:
    """One shell in a terminal, in a folder of its own; the completions are where packages put them."""

    def __init__(self, kind, environment):
        need(kind)
        if kind == "bash":
            if not os.path.exists(BASH_COMPLETION):
                raise Skip("bash-completion is not installed")
        self.ends = contextlib.ExitStack()
        self.folder = self.ends.enter_context(tempfile.TemporaryDirectory())
        self.place = os.path.join(self.folder, "here")
        os.mkdir(self.place)
        built = os.path.join(os.path.dirname(os.path.realpath(Programs.cvmctl)), "completion")
        for folder, name in ("bash-completion/completions", "cvmctl"), ("zsh/vendor-completions", "_cvmctl"):
            os.makedirs(os.path.join(self.folder, folder))
            shutil.copy(os.path.join(built, name), os.path.join(self.folder, folder))
        pipe = os.path.join(self.folder, "pipe")
        os.mkfifo(pipe)
        self.pipe = os.open(pipe, os.O_RDWR)
        self.ends.callback(os.close, self.pipe)
        self.screen = ""
        self.patience = PATIENCE
        self.start(kind, pipe, environment)

    def start(self, kind, pipe, environment):
        start = os.path.join(self.folder, ".zshrc")
        with open(start, "w", encoding="utf-8") as f:
            f.write((BASH if kind == "bash" else ZSH).format(pipe=pipe, folder=self.folder))
        command = ["bash", "--noprofile", "--rcfile", start, "-i"] if kind == "bash" else ["zsh", "-i"]
        variables = {"PATH": os.path.dirname(os.path.realpath(Programs.cvmctl)) + ":" + os.environ["PATH"], "TERM": "dumb",
                     "HOME": self.folder, "ZDOTDIR": self.folder, "XDG_DATA_HOME": self.folder, "LC_ALL": "C.UTF-8",
                     "COLUMNS": "1000", **environment}
        child, self.terminal = pty.fork()
        if child == 0:
            os.chdir(self.place)
            os.execvpe(command[0], command, variables)
        self.ends.callback(self.end, child)
        self.read(kind, lambda shown: shown.endswith(PROMPT))

    def end(self, child):
        os.close(self.terminal)  # which hangs up on it
        os.waitpid(child, 0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ends.close()

    def read(self, what, enough):
        """What the terminal shows from here on, until it is enough."""
        shown = ""
        while not enough(shown):
            assert select.select([self.terminal], [], [], self.patience)[0], f"{what}: nothing more than {shown!r}"
            shown += os.read(self.terminal, 65536).decode()
        return shown

    def words(self, line, key="\t"):
        """The words that the line has once the key was pressed at its end; screen is what was seen of that."""
        os.write(self.terminal, f"{line}{key}\x01args \r".encode())
        self.screen = self.read(line, lambda shown: DONE in shown and shown.endswith(PROMPT))
        return os.read(self.pipe, 1 << 20).decode().split("\0")[:-1]

    def offers(self, line):
        """All that fits at the end of the line, sorted."""
        typed = len(shlex.split(line)) - (not line.endswith(" "))
        return sorted(self.words(line, ALL)[typed:])
