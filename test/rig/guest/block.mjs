// Loaded into the application by a drop-in: SIGUSR2 blocks its event loop for good.
process.on('SIGUSR2', () => {
  for (;;);
});
