// In the place of version 5 of the router, which only react-router-dom-v5-compat asks for and nothing here
// uses.
export const Route = () => null;
export const Router = () => null;
export const useHistory = () => ({ listen: () => () => {}, location: window.location });
