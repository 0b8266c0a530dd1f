# Removes a tree, only strictly below the scratch directory. Variables: path, scratch.
name=${path##*/}
case $name in '' | . | ..) echo "$path is no path of a directory to remove" >&2; exit 77 ;; esac
[ -e "$path" ] || [ -L "$path" ] || exit 0
real_scratch=$(cd -P -- "$scratch" 2>/dev/null && pwd -P) || { echo "the scratch directory $scratch is not there" >&2; exit 77; }
parent=${path%/*}
real_parent=$(cd -P -- "${parent:-/}" 2>/dev/null && pwd -P) || { echo "the parent of $path can't be entered" >&2; exit 77; }
case $real_parent/ in
    "${real_scratch%/}"/*) ;;
    *) echo "$path is not below the scratch directory $scratch: refused" >&2; exit 77 ;;
esac
cd -P -- "$real_parent" && rm -rf -- "$name"
