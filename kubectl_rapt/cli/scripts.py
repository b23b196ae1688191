"""What makes bash, zsh and fish complete ``kubectl-rapt``: each asks ``kubectl-rapt __complete``."""

BASH = r"""# bash completion of kubectl-rapt: source <(kubectl-rapt completion bash)
_kubectl_rapt() {
    local cur="" line text why start directive=4 width=0 joined="" i IFS=$' \t\n'
    local -a words=() texts=() whys=()
    # Bash takes words apart at = and :, which stand inside of ours.
    for ((i = 1; i <= COMP_CWORD; i++)); do
        text=${COMP_WORDS[i]}
        [[ ! $text && ${COMP_LINE:COMP_POINT-1:1} == " " ]] && joined=""
        if ((${#words[@]})) && [[ $joined || $text =~ ^[=:]+$ ]]; then
            words[${#words[@]}-1]+=$text
        else
            words+=("$text")
        fi
        joined=""
        [[ $text =~ ^[=:]+$ ]] && joined=1
    done
    ((${#words[@]})) || words=("")
    cur=${words[${#words[@]}-1]}
    while IFS= read -r line; do
        if [[ $line == :* ]]; then
            directive=${line#:}
        elif [[ $line ]]; then
            text=${line%%$'\t'*}
            why=${line#"$text"}
            texts+=("$text")
            whys+=("${why#$'\t'}")
            ((${#text} > width)) && width=${#text}
        fi
    done < <("${COMP_WORDS[0]}" __complete "${words[@]}" 2>/dev/null)
    start=${cur%"${cur##*[=:]}"}
    COMPREPLY=()
    for ((i = 0; i < ${#texts[@]}; i++)); do
        text=${texts[i]#"$start"}
        [[ $text =~ [^[:alnum:]_.,:=/@%+-] ]] && printf -v text %q "$text"
        if ((${#texts[@]} > 1 && COMP_TYPE != 37 && COMP_TYPE != 42)) && [[ ${whys[i]} ]]; then
            printf -v text "%-$((width - ${#start}))s  (%s)" "$text" "${whys[i]}"
            text=${text:0:$((${COLUMNS:-80} - 1))}
        fi
        COMPREPLY+=("$text")
    done
    ((directive & 2)) && compopt -o nospace 2>/dev/null
    ((directive & 32)) && compopt -o nosort 2>/dev/null
    if ((!(directive & 4) && ${#texts[@]} == 0)); then
        compopt -o filenames 2>/dev/null
        text=-f
        ((directive & 16)) && text=-d
        while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen "$text" -- "${cur#"$start"}")
    fi
}
complete -F _kubectl_rapt kubectl-rapt
"""

ZSH = r"""#compdef kubectl-rapt
# zsh completion of kubectl-rapt: source <(kubectl-rapt completion zsh), or a file _kubectl-rapt in a folder of fpath
_kubectl_rapt() {
    local line text why
    local -i directive=4
    local -a found order space
    while IFS= read -r line; do
        if [[ $line == :* ]]; then
            directive=${line#:}
        elif [[ -n $line ]]; then
            text=${line%%$'\t'*}
            why=${${line#"$text"}#$'\t'}
            found+=("${text//:/\\:}${why:+:$why}")
        fi
    done < <("${(Q)words[1]}" __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)
    [[ $PREFIX == -*=* ]] && compset -P '-*='
    ((directive & 2)) && space=(-S '')
    ((directive & 32)) && order=(-V)
    if ((${#found})); then
        _describe "${order[@]}" -t rapt rapt found "${space[@]}"
    elif ((directive & 16)); then
        _files -/
    elif ((!(directive & 4))); then
        _files
    fi
}
if [[ ${funcstack[1]} == _kubectl-rapt ]]; then
    _kubectl_rapt "$@"
elif (($+functions[compdef])); then
    compdef _kubectl_rapt kubectl-rapt
fi
"""

FISH = r"""# fish completion: kubectl-rapt completion fish > ~/.config/fish/completions/kubectl-rapt.fish
function __kubectl_rapt_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program $words[1]
    set -e words[1]
    set -l lines ($program __complete $words "$current" 2>/dev/null)
    test (count $lines) -gt 0; or return
    set -l directive (string replace -r '^:' '' -- $lines[-1])
    set -e lines[-1]
    set -l start (string match -r -- '^-[^=]*=' "$current")
    for line in $lines
        printf "%s%s\n" "$start" "$line"
    end
    if test (count $lines) -eq 0
        if test (math "floor($directive / 16) % 2") -eq 1
            __fish_complete_directories "$current" ''
        else if test (math "floor($directive / 4) % 2") -eq 0
            __fish_complete_path "$current"
        end
    end
end
complete -c kubectl-rapt -f -k -a '(__kubectl_rapt_complete)'
"""
