// `npm install` in the root would not understand the workspace: say what to type instead.
const agent = process.env.npm_config_user_agent ?? '';
if (agent.startsWith('npm/') || agent.startsWith('yarn/')) {
  console.error(
    'This repository is installed by pnpm. Type `npm test` or `npm run bench`: both install what they need.',
  );
  process.exit(1);
}
