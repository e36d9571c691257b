#!/bin/sh
# Builds the native add-on of @tensorflow/tfjs-node-gpu against the TensorFlow inside a Python
# package, where the download of its own libtensorflow is out of reach.
#
#   tools/build_tensorflow.sh PYTHON
#
# PYTHON is a Python with `tensorflow-cpu` installed. It must stay: its shared libraries are linked,
# not copied. Run in the repository's folder after `deno install`; what an earlier build or download
# left in the package is replaced. Needs deno, node with its headers (in NODE_DIR/include/node; by
# default beside `node`), node-gyp (npm brings one), make and a C++17 compiler. Linux.
set -eu

fail() {
  echo "Cannot build the TensorFlow add-on: $1" >&2
  exit 1
}

[ $# -eq 1 ] || fail "the argument must be a Python that has tensorflow-cpu, got $# arguments"
package=node_modules/@tensorflow/tfjs-node-gpu
[ -f "$package/binding.gyp" ] || fail "$package must be there; run deno install first"
package=$(cd "$package" && pwd -P)

# The Python package is looked up, not imported: importing it takes seconds.
tensorflow=$("$1" -c 'import importlib.util, os
print(os.path.dirname(importlib.util.find_spec("tensorflow").origin))' 2>/dev/null) ||
  fail "PYTHON must have tensorflow-cpu installed, got $1"
[ -f "$tensorflow/libtensorflow_cc.so.2" ] ||
  fail "the Python package must hold libtensorflow_cc.so.2, got $tensorflow"

node_dir=${NODE_DIR:-$(node -p 'require("path").resolve(process.execPath, "../..")')}
[ -f "$node_dir/include/node/node_api.h" ] ||
  fail "NODE_DIR must hold include/node/node_api.h, got $node_dir"
node_gyp=$(command -v node-gyp || true)
[ -n "$node_gyp" ] || node_gyp=$(npm root -g 2>/dev/null)/npm/node_modules/node-gyp/bin/node-gyp.js
[ -f "$node_gyp" ] || fail "node-gyp must be on PATH or inside npm, got $node_gyp"
# The package's loader looks in the folder of the newest Node-API that it and Deno both know.
napi=$(deno eval 'const { binary } = JSON.parse(Deno.readTextFileSync(`${Deno.args[0]}/package.json`));
const newest = Number(process.versions.napi);
console.log(Math.max(...binary.napi_versions.filter((version) => version <= newest)));' "$package")

# The add-on links -ltensorflow and -ltensorflow_framework, and looks for them in deps/lib when it
# is loaded; libtensorflow_cc exports the C API. The .so.2 names are what the loader asks for.
rm -rf "$package/deps" "$package/build"
mkdir -p "$package/deps/lib"
ln -s "$tensorflow/include" "$package/deps/include"
for library in libtensorflow_cc.so.2 libtensorflow_framework.so.2; do
  ln -s "$tensorflow/$library" "$package/deps/lib/$library"
done
ln -s libtensorflow_cc.so.2 "$package/deps/lib/libtensorflow.so"
ln -s libtensorflow_framework.so.2 "$package/deps/lib/libtensorflow_framework.so"

cd "$package"
CXXFLAGS="-std=c++17 ${CXXFLAGS:-}" node "$node_gyp" rebuild --nodedir="$node_dir" \
  --module_name=tfjs_binding --module_path="$package/lib/napi-v$napi" \
  --napi_build_version="$napi"
rm -rf build
echo "built lib/napi-v$napi/tfjs_binding.node of @tensorflow/tfjs-node-gpu"
