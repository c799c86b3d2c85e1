// Draws the dashboard of job.json. Once all of it is there `window.drawn` is true and `window.report()` says
// what is seen.
import './boot.js';
import React from 'react';
import { createRoot } from 'react-dom/client';
import { MemoryRouter } from 'react-router-dom';
import { ThemeContext, createTheme } from '@grafana/data';
import { config } from '@grafana/runtime';
import { sceneUtils } from '@grafana/scenes';
import { GlobalStyles, PortalContainer } from '@grafana/ui';
import { PANELS } from './panels.jsx';
import { fillRegistries } from './registries.js';
import { reportOn, unfinishedIn } from './report.js';
import { sceneOf } from './scene.jsx';
import { provideServices } from './services.js';

const FRAMES = 3; // in which nothing was unfinished: what one of them begins, such as a query, shows in the next

window.unfinished = () => ['the page'];
window.drawn = false;

let finished = 0;
function watch() {
  finished = window.unfinished().length === 0 ? finished + 1 : 0;
  window.drawn = finished >= FRAMES;
  requestAnimationFrame(watch);
}
window.addEventListener('resize', () => {
  finished = 0;
  window.drawn = false;
});

async function main() {
  const job = await (await fetch('job.json')).json();
  fillRegistries();
  const theme = createTheme({ colors: { mode: 'dark' } });
  config.theme2 = theme;
  provideServices(job);
  for (const [pluginId, plugin] of Object.entries(PANELS))
    sceneUtils.registerRuntimePanelPlugin({ pluginId, plugin });
  const scene = sceneOf(job.board, job.view);
  window.scene = scene;
  window.unfinished = () => unfinishedIn(scene);
  window.report = () => reportOn(scene, job, theme);
  createRoot(document.getElementById('root')).render(
    <ThemeContext.Provider value={theme}>
      <MemoryRouter future={{ v7_startTransition: true, v7_relativeSplatPath: true }}>
        <GlobalStyles />
        <scene.Component model={scene} />
        <PortalContainer />
      </MemoryRouter>
    </ThemeContext.Provider>,
  );
  watch();
}

main().catch((error) => console.error(String(error.stack)));
