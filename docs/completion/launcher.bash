# bash completion of launcher
_launcher() {
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} equals=
  # -name=value comes as three words.
  if [[ $current == = ]]; then current= equals=1; elif [[ $before == = ]]; then
    before=${COMP_WORDS[COMP_CWORD - 2]} equals=1; fi
  [[ $before == --* ]] && before=${before#-}
  case $equals$before in
  -server | 1-server) COMPREPLY=() ;;
  -cacert | 1-cacert) COMPREPLY=($(compgen -f -- "$current")) ;;
  -cert | 1-cert) COMPREPLY=($(compgen -f -- "$current")) ;;
  -ssntp-dialect | 1-ssntp-dialect) COMPREPLY=($(compgen -W '2016 2018' -- "$current")) ;;
  1-trace) COMPREPLY=($(compgen -W 'true false' -- "$current")) ;;
  -state-dir | 1-state-dir) COMPREPLY=($(compgen -d -- "$current")) ;;
  -qemu-virtualisation | 1-qemu-virtualisation) COMPREPLY=($(compgen -W 'kvm software auto' -- "$current")) ;;
  -stop-grace | 1-stop-grace) COMPREPLY=() ;;
  -tool-deadline | 1-tool-deadline) COMPREPLY=() ;;
  1-hard-reset) COMPREPLY=($(compgen -W 'true false' -- "$current")) ;;
  1-simulation) COMPREPLY=($(compgen -W 'true false' -- "$current")) ;;
  -ovmf | 1-ovmf) COMPREPLY=($(compgen -f -- "$current")) ;;
  -volumes | 1-volumes) COMPREPLY=($(compgen -d -- "$current")) ;;
  1-with-ui) COMPREPLY=($(compgen -W 'none window nc spice' -- "$current")) ;;
  1-containers) COMPREPLY=($(compgen -W 'true false' -- "$current")) ;;
  -container-tool | 1-container-tool) COMPREPLY=($(compgen -f -- "$current")) ;;
  -container-socket | 1-container-socket) COMPREPLY=($(compgen -f -- "$current")) ;;
  -container-group | 1-container-group) COMPREPLY=() ;;
  -pull-deadline | 1-pull-deadline) COMPREPLY=() ;;
  -max-vm | 1-max-vm) COMPREPLY=() ;;
  1-mem-limit) COMPREPLY=($(compgen -W 'true false' -- "$current")) ;;
  1-disk-limit) COMPREPLY=($(compgen -W 'true false' -- "$current")) ;;
  1-reject-when-full) COMPREPLY=($(compgen -W 'true false' -- "$current")) ;;
  -network | 1-network) COMPREPLY=($(compgen -W 'none cn nn' -- "$current")) ;;
  -compute-net | 1-compute-net) COMPREPLY=() ;;
  -mgmt-net | 1-mgmt-net) COMPREPLY=() ;;
  -tunnel | 1-tunnel) COMPREPLY=($(compgen -W 'gre vxlan' -- "$current")) ;;
  1-anti-spoof) COMPREPLY=($(compgen -W 'true false' -- "$current")) ;;
  -stats-interval | 1-stats-interval) COMPREPLY=() ;;
  -metrics | 1-metrics) COMPREPLY=($(compgen -d -- "$current")) ;;
  -net-user | 1-net-user) COMPREPLY=() ;;
  -vmm-user | 1-vmm-user) COMPREPLY=() ;;
  -stats-user | 1-stats-user) COMPREPLY=() ;;
  -log_dir | 1-log_dir) COMPREPLY=($(compgen -d -- "$current")) ;;
  1-logtostderr) COMPREPLY=($(compgen -W 'true false' -- "$current")) ;;
  1-alsologtostderr) COMPREPLY=($(compgen -W 'true false' -- "$current")) ;;
  -stderrthreshold | 1-stderrthreshold) COMPREPLY=($(compgen -W 'INFO WARNING ERROR FATAL' -- "$current")) ;;
  -v | 1-v) COMPREPLY=() ;;
  -vmodule | 1-vmodule) COMPREPLY=() ;;
  -log_backtrace_at | 1-log_backtrace_at) COMPREPLY=() ;;
  -log_max_size | 1-log_max_size) COMPREPLY=() ;;
  -log_max_total | 1-log_max_total) COMPREPLY=() ;;
  -config | 1-config) COMPREPLY=($(compgen -f -- "$current")) ;;
  1-check-config) COMPREPLY=($(compgen -W 'true false' -- "$current")) ;;
  -rendezvous | 1-rendezvous) COMPREPLY=($(compgen -f -- "$current")) ;;
  1-version) COMPREPLY=($(compgen -W 'true false' -- "$current")) ;;
  *) COMPREPLY=($(compgen -W '-server -cacert -cert -ssntp-dialect -trace -state-dir -qemu-virtualisation -stop-grace -tool-deadline -hard-reset -simulation -ovmf -volumes -with-ui -containers -container-tool -container-socket -container-group -pull-deadline -max-vm -mem-limit -disk-limit -reject-when-full -network -compute-net -mgmt-net -tunnel -anti-spoof -stats-interval -metrics -net-user -vmm-user -stats-user -log_dir -logtostderr -alsologtostderr -stderrthreshold -v -vmodule -log_backtrace_at -log_max_size -log_max_total -config -check-config -rendezvous -version -help' -- "$current")) ;;
  esac
}
complete -o bashdefault -F _launcher launcher
