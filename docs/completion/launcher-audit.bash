# bash completion of launcher-audit
_launcher-audit() {
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} equals=
  # -name=value comes as three words.
  if [[ $current == = ]]; then current= equals=1; elif [[ $before == = ]]; then
    before=${COMP_WORDS[COMP_CWORD - 2]} equals=1; fi
  [[ $before == --* ]] && before=${before#-}
  case $equals$before in
  1-json) COMPREPLY=($(compgen -W 'true false' -- "$current")) ;;
  -explain | 1-explain) COMPREPLY=() ;;
  -expect | 1-expect) COMPREPLY=($(compgen -f -- "$current")) ;;
  -config | 1-config) COMPREPLY=($(compgen -f -- "$current")) ;;
  -state-dir | 1-state-dir) COMPREPLY=($(compgen -d -- "$current")) ;;
  -below | 1-below) COMPREPLY=() ;;
  -unit-dirs | 1-unit-dirs) COMPREPLY=() ;;
  *) COMPREPLY=($(compgen -W '-json -explain -expect -config -state-dir -below -unit-dirs -help' -- "$current")) ;;
  esac
}
complete -o bashdefault -F _launcher-audit launcher-audit
