/** The site: `npm run docs:build` makes it in .build/site, with the reference and the sources beside it. */

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type DefaultTheme, defineConfig } from 'vitepress';
import { pictures } from './pictures.js';
import { repositoryLinks } from './repositoryLinks.js';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

const page = (text: string, link: string): DefaultTheme.SidebarItem => ({ text, link });

/** Decisions by their first heading. */
const decisions = readdirSync(here('../decisions'))
  .filter((name) => /^\d/.test(name))
  .sort()
  .map((name) => {
    const heading = /^# (.*)$/m.exec(readFileSync(here(`../decisions/${name}`), 'utf8'))?.[1] ?? name;
    return page(heading, `/decisions/${name.replace(/\.md$/, '')}`);
  });

/** The name of a heading's place as repository hosts make it, so that a link to it works there and here. */
const placeOf = (heading: string): string =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');

const sidebar: DefaultTheme.SidebarItem[] = [
  {
    text: 'Start',
    items: [
      page('Getting started', '/gettingStarted'),
      page('Playground', '/playground'),
      page('All on one page', '/allOfCotangent'),
    ],
  },
  {
    text: 'Tutorials',
    items: [
      page('Tensors', '/tutorials/tensors'),
      page('Derivatives', '/tutorials/autodiff'),
      page('Layers', '/tutorials/layers'),
      page('A training loop, three ways', '/tutorials/trainingLoop'),
      page('A layer of your own', '/tutorials/ownLayer'),
      page('A primitive of your own', '/tutorials/ownPrimitive'),
      page('The first ones of Keras and Gluon', '/tutorials'),
    ],
  },
  {
    text: 'How to',
    collapsed: true,
    items: [
      page('All tasks', '/guides/'),
      page('Save, load, resume', '/guides/saveAndLoad'),
      page('Begin with trained weights', '/guides/pretrained'),
      page('Read data', '/guides/readData'),
      page('A loss, a metric, a schedule', '/guides/ownLoss'),
      page('Find out why it does not learn', '/guides/debugging'),
      page('Make it faster', '/guides/speed'),
      page('Get the same numbers again', '/guides/reproducible'),
      page('Run in a browser, in a worker', '/guides/browser'),
    ],
  },
  {
    text: 'Coming from',
    collapsed: true,
    items: [
      page('What is here, and what is not', '/parity'),
      page('The whole table', '/parityTable'),
      page('Another library', '/migration/'),
      page('Keras', '/migration/keras'),
      page('Gluon and MXNet', '/migration/gluon'),
      page('PyTorch', '/migration/pytorch'),
      page('TensorFlow.js', '/migration/tfjs'),
      page('JAX', '/migration/jax'),
    ],
  },
  {
    text: 'The library',
    items: [
      page('Automatic differentiation', '/autodiff'),
      page('Layers, losses, optimizers', '/layers'),
      page('Training', '/training'),
      page('Data', '/data'),
      page('Preparing data', '/preprocessing'),
      page('Seeing', '/seeing'),
      page('Notebooks', '/notebooks'),
      page('Operations and gradients', '/operations'),
      page('Conventions', '/conventions'),
      page('Examples', '/examples/'),
      { text: 'Reference of every export', link: '/reference/index.html', target: '_self' },
    ],
  },
  {
    text: 'Benchmarks',
    collapsed: true,
    items: [
      page('What is measured', '/benchmarks/'),
      page('Training steps', '/benchmarks/training'),
      page('Kernels', '/benchmarks/kernels'),
      page('The tape', '/benchmarks/tape'),
      page('Memory', '/benchmarks/memory'),
      page('Accuracy', '/benchmarks/ulp'),
      page('Size', '/benchmarks/size'),
    ],
  },
  {
    text: 'How it works',
    collapsed: true,
    items: [
      page('The house, in pictures', '/architecture/'),
      page('A reading order', '/architecture/reading'),
      page('Layers and models', '/architecture/nn'),
      page('Memory', '/architecture/memory'),
      page('Contributing', '/contributing'),
      page('Changelog', '/changelog'),
    ],
  },
  { text: 'Decisions', collapsed: true, items: decisions },
];

export default defineConfig({
  title: 'Cotangent',
  description: 'Automatic differentiation and neural networks in pure TypeScript',
  lang: 'en',
  // A site in a subfolder of its host says which: DOCS_BASE=/cotangent/ npm run docs:build
  base: process.env['DOCS_BASE'] ?? '/',
  outDir: here('../../.build/site'),
  cacheDir: here('../../.build/vitepress'),
  rewrites: Object.fromEntries(
    ['examples', 'benchmarks', 'migration'].map((folder) => [`${folder}/README.md`, `${folder}/index.md`]),
  ),
  // Theirs is a link from a page to a page; `docs:build` checks every link of the finished site, with its anchor.
  ignoreDeadLinks: false,
  markdown: {
    config: (markdown) => {
      repositoryLinks(markdown);
      pictures(markdown);
    },
    anchor: { slugify: placeOf },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
  },
  // Programs of the playground run in a worker that is made of modules; layers are named after their classes.
  vite: { worker: { format: 'es' }, esbuild: { keepNames: true } },
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: `${process.env['DOCS_BASE'] ?? '/'}logo.svg` }]],
  themeConfig: {
    logo: '/logo.svg',
    search: { provider: 'local' },
    outline: { level: [2, 3] },
    nav: [
      page('Start', '/gettingStarted') as DefaultTheme.NavItemWithLink,
      page('Playground', '/playground') as DefaultTheme.NavItemWithLink,
      { text: 'Reference', link: '/reference/index.html', target: '_self' },
    ],
    sidebar,
  },
});
