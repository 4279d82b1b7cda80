// Completion for shells: what to offer they ask tofro itself, so that nothing in them grows old.

/** Printed alone when the shell is to offer files. */
export const FILES = ":files";

const ASK = "complete --";

export const COMPLETIONS = {
  bash: `# tofro's completion for bash: source <(tofro completion bash)
_tofro() {
  local IFS=$'\\n' current=\${COMP_WORDS[COMP_CWORD]} said
  said=$("\${COMP_WORDS[0]}" ${ASK} "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  if [ "$said" = ${FILES} ]; then
    compopt -o filenames
    COMPREPLY=($(compgen -f -- "$current"))
  else
    COMPREPLY=($(compgen -W "$said" -- "$current"))
  fi
}
complete -F _tofro tofro ./tofro
`,
  zsh: `#compdef tofro
# tofro's completion for zsh: source <(tofro completion zsh)
_tofro() {
  local -a said
  said=("\${(@f)$("\${words[1]}" ${ASK} "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ "$said" = ${FILES} ]]; then _files; else compadd -a said; fi
}
compdef _tofro tofro
`,
  fish: `# tofro's completion for fish: tofro completion fish | source
function __tofro_complete
  set -l words (commandline -opc)
  set -l said ($words[1] ${ASK} $words[2..] (commandline -ct) 2>/dev/null)
  if test "$said" = ${FILES}
    __fish_complete_path (commandline -ct)
  else
    printf '%s\\n' $said
  end
end
complete -c tofro -f -a '(__tofro_complete)'
`,
} as const;

export type Shell = keyof typeof COMPLETIONS;
