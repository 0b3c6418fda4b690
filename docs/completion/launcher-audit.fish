# fish completion of launcher-audit
complete -c launcher-audit -o json -f -d 'a report for programs'
complete -c launcher-audit -o explain -x -d 'the rights of a process, each with its reason'
complete -c launcher-audit -o expect -r -F -d 'what this node has otherwise'
complete -c launcher-audit -o config -r -F -d 'what launcher was started with'
complete -c launcher-audit -o state-dir -x -a '(__fish_complete_directories)' -d 'images, instances, logs'
complete -c launcher-audit -o below -x -d 'only what descends from this process'
complete -c launcher-audit -o unit-dirs -x -d 'where systemd looks for units'
complete -c launcher-audit -o help -f -d 'show the options'
