// In the place of @grafana/i18n: every text is its English default.
import React from 'react';

const fill = (text, values) =>
  String(text).replace(/\{\{\s*(\w+)\s*\}\}/g, (whole, name) =>
    values && name in values ? values[name] : whole,
  );

export const t = (id, fallback, values) => fill(fallback ?? id, values);
export const Trans = ({ children, defaults }) =>
  React.createElement(React.Fragment, null, children ?? defaults);
export const useTranslate = () => ({ t });
export const initPluginTranslations = async () => ({ language: 'en-US' });
export const loadPluginResources = async () => {};
export const addResourceBundle = () => {};
export const LANGUAGES = [];
