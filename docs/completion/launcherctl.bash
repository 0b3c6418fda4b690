# bash completion of launcherctl
_launcherctl() {
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} equals=
  # -name=value comes as three words.
  if [[ $current == = ]]; then current= equals=1; elif [[ $before == = ]]; then
    before=${COMP_WORDS[COMP_CWORD - 2]} equals=1; fi
  [[ $before == --* ]] && before=${before#-}
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W 'certs serve start stop restart delete attach detach evacuate restore instances stats clients events top' -- "$current"))
    return
  fi
  case ${COMP_WORDS[1]} in
  certs)
    case $equals$before in
    -hosts | 1-hosts) COMPREPLY=() ;;
    *) COMPREPLY=($(compgen -W '-hosts -help' -- "$current")) ;;
    esac
    ;;
  serve)
    case $equals$before in
    -dir | 1-dir) COMPREPLY=($(compgen -d -- "$current")) ;;
    -listen | 1-listen) COMPREPLY=() ;;
    -hosts | 1-hosts) COMPREPLY=() ;;
    -ssntp-dialect | 1-ssntp-dialect) COMPREPLY=($(compgen -W '2016 2018' -- "$current")) ;;
    1-v) COMPREPLY=($(compgen -W 'true false' -- "$current")) ;;
    *) COMPREPLY=($(compgen -W '-dir -listen -hosts -ssntp-dialect -v -help' -- "$current")) ;;
    esac
    ;;
  start)
    case $equals$before in
    -dir | 1-dir) COMPREPLY=($(compgen -d -- "$current")) ;;
    -node | 1-node) COMPREPLY=() ;;
    -wait | 1-wait) COMPREPLY=() ;;
    1-raw) COMPREPLY=($(compgen -W 'true false' -- "$current")) ;;
    1-json) COMPREPLY=($(compgen -W 'true false' -- "$current")) ;;
    *) COMPREPLY=($(compgen -W '-dir -node -wait -raw -json -help' -- "$current")) ;;
    esac
    ;;
  stop)
    case $equals$before in
    -dir | 1-dir) COMPREPLY=($(compgen -d -- "$current")) ;;
    -node | 1-node) COMPREPLY=() ;;
    -wait | 1-wait) COMPREPLY=() ;;
    1-raw) COMPREPLY=($(compgen -W 'true false' -- "$current")) ;;
    1-json) COMPREPLY=($(compgen -W 'true false' -- "$current")) ;;
    *) COMPREPLY=($(compgen -W '-dir -node -wait -raw -json -help' -- "$current")) ;;
    esac
    ;;
  restart)
    case $equals$before in
    -dir | 1-dir) COMPREPLY=($(compgen -d -- "$current")) ;;
    -node | 1-node) COMPREPLY=() ;;
    -wait | 1-wait) COMPREPLY=() ;;
    1-raw) COMPREPLY=($(compgen -W 'true false' -- "$current")) ;;
    1-json) COMPREPLY=($(compgen -W 'true false' -- "$current")) ;;
    *) COMPREPLY=($(compgen -W '-dir -node -wait -raw -json -help' -- "$current")) ;;
    esac
    ;;
  delete)
    case $equals$before in
    -dir | 1-dir) COMPREPLY=($(compgen -d -- "$current")) ;;
    -node | 1-node) COMPREPLY=() ;;
    -wait | 1-wait) COMPREPLY=() ;;
    1-stop) COMPREPLY=($(compgen -W 'true false' -- "$current")) ;;
    1-raw) COMPREPLY=($(compgen -W 'true false' -- "$current")) ;;
    1-json) COMPREPLY=($(compgen -W 'true false' -- "$current")) ;;
    *) COMPREPLY=($(compgen -W '-dir -node -wait -stop -raw -json -help' -- "$current")) ;;
    esac
    ;;
  attach)
    case $equals$before in
    -dir | 1-dir) COMPREPLY=($(compgen -d -- "$current")) ;;
    -node | 1-node) COMPREPLY=() ;;
    -wait | 1-wait) COMPREPLY=() ;;
    1-raw) COMPREPLY=($(compgen -W 'true false' -- "$current")) ;;
    1-json) COMPREPLY=($(compgen -W 'true false' -- "$current")) ;;
    *) COMPREPLY=($(compgen -W '-dir -node -wait -raw -json -help' -- "$current")) ;;
    esac
    ;;
  detach)
    case $equals$before in
    -dir | 1-dir) COMPREPLY=($(compgen -d -- "$current")) ;;
    -node | 1-node) COMPREPLY=() ;;
    -wait | 1-wait) COMPREPLY=() ;;
    1-raw) COMPREPLY=($(compgen -W 'true false' -- "$current")) ;;
    1-json) COMPREPLY=($(compgen -W 'true false' -- "$current")) ;;
    *) COMPREPLY=($(compgen -W '-dir -node -wait -raw -json -help' -- "$current")) ;;
    esac
    ;;
  evacuate)
    case $equals$before in
    -dir | 1-dir) COMPREPLY=($(compgen -d -- "$current")) ;;
    -wait | 1-wait) COMPREPLY=() ;;
    1-json) COMPREPLY=($(compgen -W 'true false' -- "$current")) ;;
    *) COMPREPLY=($(compgen -W '-dir -wait -json -help' -- "$current")) ;;
    esac
    ;;
  restore)
    case $equals$before in
    -dir | 1-dir) COMPREPLY=($(compgen -d -- "$current")) ;;
    -wait | 1-wait) COMPREPLY=() ;;
    1-json) COMPREPLY=($(compgen -W 'true false' -- "$current")) ;;
    *) COMPREPLY=($(compgen -W '-dir -wait -json -help' -- "$current")) ;;
    esac
    ;;
  instances)
    case $equals$before in
    -dir | 1-dir) COMPREPLY=($(compgen -d -- "$current")) ;;
    1-json) COMPREPLY=($(compgen -W 'true false' -- "$current")) ;;
    *) COMPREPLY=($(compgen -W '-dir -json -help' -- "$current")) ;;
    esac
    ;;
  stats)
    case $equals$before in
    -dir | 1-dir) COMPREPLY=($(compgen -d -- "$current")) ;;
    1-json) COMPREPLY=($(compgen -W 'true false' -- "$current")) ;;
    *) COMPREPLY=($(compgen -W '-dir -json -help' -- "$current")) ;;
    esac
    ;;
  clients)
    case $equals$before in
    -dir | 1-dir) COMPREPLY=($(compgen -d -- "$current")) ;;
    1-json) COMPREPLY=($(compgen -W 'true false' -- "$current")) ;;
    *) COMPREPLY=($(compgen -W '-dir -json -help' -- "$current")) ;;
    esac
    ;;
  events)
    case $equals$before in
    -dir | 1-dir) COMPREPLY=($(compgen -d -- "$current")) ;;
    1-follow) COMPREPLY=($(compgen -W 'true false' -- "$current")) ;;
    1-json) COMPREPLY=($(compgen -W 'true false' -- "$current")) ;;
    *) COMPREPLY=($(compgen -W '-dir -follow -json -help' -- "$current")) ;;
    esac
    ;;
  top)
    case $equals$before in
    -interval | 1-interval) COMPREPLY=() ;;
    1-once) COMPREPLY=($(compgen -W 'true false' -- "$current")) ;;
    *) COMPREPLY=($(compgen -W '-interval -once -help' -- "$current")) ;;
    esac
    ;;
  esac
}
complete -o bashdefault -F _launcherctl launcherctl
