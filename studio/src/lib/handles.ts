/** Files that a browser lets a page open again after a reload (File System Access). */

const DATABASE = "vidpipe-studio";
const STORE = "files";

function opened(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("no database"));
  });
}

async function within<T>(
  mode: IDBTransactionMode,
  work: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const database = await opened();
  try {
    return await new Promise<T>((resolve, reject) => {
      const request = work(database.transaction(STORE, mode).objectStore(STORE));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error ?? new Error("not kept"));
    });
  } finally {
    database.close();
  }
}

export const handles = {
  keep: (fingerprint: string, handle: FileSystemFileHandle) =>
    within("readwrite", (store) => store.put(handle, fingerprint)).catch(() => undefined),
  drop: (fingerprint: string) =>
    within("readwrite", (store) => store.delete(fingerprint)).catch(() => undefined),
  get: (fingerprint: string) =>
    within<FileSystemFileHandle | undefined>("readonly", (store) => store.get(fingerprint)).catch(
      () => undefined,
    ),
};

/** The file, where the person lets the page read it again. */
export async function reopened(fingerprint: string): Promise<File | null> {
  const handle = (await handles.get(fingerprint)) as
    | (FileSystemFileHandle & {
        requestPermission?: (how: { mode: "read" }) => Promise<PermissionState>;
      })
    | undefined;
  if (!handle) return null;
  if (handle.requestPermission && (await handle.requestPermission({ mode: "read" })) !== "granted")
    return null;
  return handle.getFile().catch(() => null);
}
