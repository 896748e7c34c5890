// Uploads a file with tus-js-client: node tus_node.cjs MODULE ENDPOINT FILE URLS [ABORT_AFTER]
const [module_, endpoint, file, urls, abortAfter] = process.argv.slice(2);
const fs = require("fs");
const path = require("path");
const tus = require(module_);

const upload = new tus.Upload(fs.createReadStream(file), {
  endpoint,
  chunkSize: 4_000_000,
  uploadSize: fs.statSync(file).size,
  retryDelays: [200, 500, 1000, 2000, 4000, 8000, 8000, 8000],
  metadata: { channel: "default", filename: path.basename(file), filetype: "video/mp4" },
  urlStorage: new tus.FileUrlStorage(urls),
  fingerprint: async () => `fingerprint-${path.basename(file)}`,
  removeFingerprintOnSuccess: true,
  onShouldRetry: () => true,
  onChunkComplete: (size, accepted) => {
    console.log(`accepted ${accepted}`);
    if (abortAfter && accepted >= Number(abortAfter)) process.exit(7);
  },
  onError: (error) => {
    console.error(String(error));
    process.exit(1);
  },
  onSuccess: () => console.log(`done ${upload.url}`),
});

(async () => {
  const [previous] = await upload.findPreviousUploads();
  if (previous) upload.resumeFromPreviousUpload(previous);
  console.log(previous ? "resumed" : "new");
  upload.start();
})();
