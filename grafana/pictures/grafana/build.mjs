// `node build.mjs MODULES FOLDER` writes main.js and main.css into the folder.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const [modules, folder] = process.argv.slice(2).map((each) => path.resolve(each));
const { build } = createRequire(path.join(modules, 'any.js'))('esbuild');
const source = path.join(path.dirname(fileURLToPath(import.meta.url)), 'src');
const stands = (name) => () => ({ path: path.join(source, name) });

// Files of Grafana's packages are called .mjs, and for those esbuild gives all that a CommonJS module exports
// as its default, as Node does. They are written for a bundler that gives what the module itself calls its
// default. esbuild does that for files of any other name, so they get another one, in a namespace of their
// own.
const OWN = 'grafana';
// They say that they have no effects but what they export; one of them gives arrays the methods of Grafana's
// vectors.
const hasEffects = (file) => file.endsWith('/types/vector.mjs');
const renamed = (file) => ({ path: `${file}.js`, namespace: OWN, sideEffects: hasEffects(file) });
const grafana = {
  name: 'grafana',
  setup(esbuild) {
    esbuild.onResolve({ filter: /^@grafana\/schema\/dist\/esm\// }, ({ path: name }) => ({
      path: path.join(modules, `${name}.js`),
    }));
    esbuild.onResolve({ filter: /^@grafana\/i18n$/ }, stands('i18n.js'));
    esbuild.onResolve(
      { filter: /^@grafana\/(data|e2e-selectors|prometheus|runtime|schema|ui)$/ },
      ({ path: name }) => renamed(path.join(modules, name, 'dist/esm/index.mjs')),
    );
    esbuild.onResolve({ filter: /^\.\.?\/.*\.mjs$/ }, ({ path: name, namespace, resolveDir }) =>
      namespace === OWN ? renamed(path.join(resolveDir, name)) : undefined,
    );
    esbuild.onResolve({ filter: /^react-router-dom$/ }, ({ importer }) =>
      importer.includes('v5-compat') ? stands('router5.js')() : undefined,
    );
    esbuild.onLoad({ filter: /./, namespace: OWN }, async ({ path: name }) => ({
      contents: await readFile(name.slice(0, -3), 'utf8'),
      resolveDir: path.dirname(name),
      loader: 'js',
    }));
  },
};

await build({
  entryPoints: [path.join(source, 'main.jsx')],
  bundle: true,
  outfile: path.join(folder, 'main.js'),
  format: 'iife',
  jsx: 'automatic',
  logLevel: 'error',
  nodePaths: [modules],
  define: { 'process.env.NODE_ENV': '"production"', global: 'window' },
  loader: Object.fromEntries(
    ['.svg', '.woff2', '.woff', '.ttf', '.png'].map((ending) => [ending, 'dataurl']),
  ),
  plugins: [grafana],
});
