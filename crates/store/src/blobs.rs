//! Blobs: bytes under `<tenant>/<sha-256>`, in a folder, in memory or in an S3 bucket.
//!
//! Bytes are put before the row that names them; a crash between the two leaves an unreferenced file, which
//! [`Blobs::older_than`] finds.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use domain::tenant::TenantId;
use domain::{Error, Result, Timestamp};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use sha2::{Digest, Sha256};

/// Where bytes lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlobConfig {
    /// In memory, for tests.
    Memory,
    /// In a folder, written with fsync.
    Folder(PathBuf),
    /// In a bucket, `s3://bucket/prefix`; credentials, region and endpoint come from the usual `AWS_…` variables.
    S3(String),
}

/// Copies that are made at once.
const COPIES: usize = 8;

/// A store of bytes.
#[derive(Clone, Debug)]
pub struct Blobs {
    objects: Arc<dyn ObjectStore>,
    prefix: Path,
}

/// Bytes that lie in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBlob {
    /// Whose.
    pub tenant: TenantId,
    /// SHA-256 of the bytes, lower-case hexadecimal.
    pub sha256: String,
}

fn unavailable(error: &object_store::Error) -> Error {
    Error::Unavailable(format!("the document store does not answer: {error}"))
}

impl Blobs {
    /// Opens the store; a folder is made when it is missing.
    pub fn open(config: &BlobConfig) -> Result<Self> {
        let wrong = |error: object_store::Error| Error::invalid("documents_url", error.to_string());
        let (objects, prefix): (Arc<dyn ObjectStore>, Path) = match config {
            BlobConfig::Memory => (Arc::new(InMemory::new()), Path::default()),
            BlobConfig::Folder(folder) => {
                std::fs::create_dir_all(folder)
                    .map_err(|error| Error::invalid("data", format!("{} cannot be made: {error}", folder.display())))?;
                let files = LocalFileSystem::new_with_prefix(folder).map_err(wrong)?.with_fsync(true);
                (Arc::new(files), Path::default())
            }
            BlobConfig::S3(url) => {
                let builder = AmazonS3Builder::from_env().with_url(url);
                let inside = url.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
                (Arc::new(builder.build().map_err(wrong)?), Path::from(inside.map_or("", |(_, prefix)| prefix)))
            }
        };
        Ok(Self { objects, prefix })
    }

    /// Whether bytes can be put, read back and removed.
    pub async fn probe(&self) -> Result<()> {
        const PROBE: &[u8] = b"waybill doctor";
        let path = self.prefix.clone().join("waybill-probe");
        let asked = async {
            self.objects.put(&path, Bytes::from_static(PROBE).into()).await?;
            let read = self.objects.get(&path).await?.bytes().await?;
            self.objects.delete(&path).await?;
            Ok(read)
        };
        match asked.await {
            Ok(read) if read == PROBE => Ok(()),
            Ok(_) => Err(Error::Unavailable("the document store gives back other bytes than were put".to_owned())),
            Err(error) => Err(unavailable(&error)),
        }
    }

    fn path(&self, tenant: &TenantId, sha256: &str) -> Path {
        self.prefix.clone().join(tenant.as_str()).join(sha256)
    }

    /// Puts bytes and says where: SHA-256, lower-case hexadecimal. Always writes, so that it never meets the sweeper.
    pub async fn put(&self, tenant: &TenantId, bytes: Bytes) -> Result<String> {
        let sha256 = hex::encode(Sha256::digest(&bytes));
        let path = self.path(tenant, &sha256);
        self.objects.put(&path, bytes.into()).await.map_err(|error| unavailable(&error))?;
        Ok(sha256)
    }

    /// Bytes as put; `None` when they are missing or are not what they were.
    pub async fn read(&self, tenant: &TenantId, sha256: &str) -> Result<Option<Bytes>> {
        let found = match self.objects.get(&self.path(tenant, sha256)).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(unavailable(&error)),
        };
        let bytes = found.bytes().await.map_err(|error| unavailable(&error))?;
        Ok((hex::encode(Sha256::digest(&bytes)) == sha256).then_some(bytes))
    }

    /// Bytes put before an instant, in no order, found one by one.
    pub fn older_than(&self, before: Timestamp) -> BoxStream<'static, Result<StoredBlob>> {
        let listed = self.objects.list(Some(&self.prefix)).map_err(|error| unavailable(&error));
        let old = listed.try_filter_map(move |object| async move {
            if object.last_modified.timestamp_micros() >= before.as_microsecond() {
                return Ok(None);
            }
            let parts: Vec<_> = object.location.parts().map(|part| part.as_ref().to_owned()).collect();
            let [.., tenant, sha256] = parts.as_slice() else { return Ok(None) };
            let blob = |tenant| StoredBlob { tenant, sha256: sha256.clone() };
            Ok(TenantId::new(tenant.as_str()).map(blob))
        });
        old.boxed()
    }

    /// Copies everything into another store under the same names, telling the size of each. Bytes that are removed meanwhile
    /// are left out; those that are not what they were are named in the answer and copied all the same.
    pub async fn copy_to(&self, other: &Self, told: &(dyn Fn(usize) + Sync)) -> Result<Vec<String>> {
        let listed = self.objects.list(Some(&self.prefix)).map_err(|error| unavailable(&error));
        let copy = |object: object_store::ObjectMeta| async move {
            let bytes = match self.objects.get(&object.location).await {
                Ok(found) => found.bytes().await.map_err(|error| unavailable(&error))?,
                Err(object_store::Error::NotFound { .. }) => return Ok(None),
                Err(error) => return Err(unavailable(&error)),
            };
            let path: Path = object.location.prefix_match(&self.prefix).into_iter().flatten().collect();
            let size = bytes.len();
            let is_spoilt = path.filename() != Some(hex::encode(Sha256::digest(&bytes)).as_str());
            let target: Path = other.prefix.parts().chain(path.parts()).collect();
            other.objects.put(&target, bytes.into()).await.map_err(|error| unavailable(&error))?;
            told(size);
            Ok(is_spoilt.then(|| path.to_string()))
        };
        let copied = listed.map_ok(copy).try_buffer_unordered(COPIES);
        copied.try_filter_map(async |spoilt| Ok(spoilt)).try_collect().await
    }

    /// Removes bytes; missing ones are no mistake.
    pub async fn remove(&self, blob: &StoredBlob) -> Result<()> {
        match self.objects.delete(&self.path(&blob.tenant, &blob.sha256)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(unavailable(&error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bytes_are_read_back_as_put_and_spoilt_ones_are_missing() {
        let folder = std::env::temp_dir().join(format!("waybill-blobs-{}", std::process::id()));
        let blobs = Blobs::open(&BlobConfig::Folder(folder.clone())).unwrap();
        let tenant = TenantId::new("acme").unwrap();
        let sha256 = blobs.put(&tenant, Bytes::from_static(b"label")).await.unwrap();
        assert_eq!(blobs.read(&tenant, &sha256).await.unwrap(), Some(Bytes::from_static(b"label")));
        std::fs::write(folder.join("acme").join(&sha256), b"lapel").unwrap();
        assert_eq!(blobs.read(&tenant, &sha256).await.unwrap(), None);
        assert_eq!(blobs.read(&TenantId::new("other").unwrap(), &sha256).await.unwrap(), None);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn a_copy_holds_every_byte_and_names_what_is_spoilt() {
        let folder = std::env::temp_dir().join(format!("waybill-blob-copies-{}", std::process::id()));
        let open = |name: &str| Blobs::open(&BlobConfig::Folder(folder.join(name))).unwrap();
        let (blobs, other) = (open("here"), open("there"));
        let tenant = TenantId::new("acme").unwrap();
        let mut names = Vec::new();
        for text in ["one", "two", "three"] {
            names.push(blobs.put(&tenant, Bytes::from_static(text.as_bytes())).await.unwrap());
        }
        std::fs::write(folder.join("here/acme").join(&names[2]), b"thrice").unwrap();
        let sizes = std::sync::Mutex::new(Vec::new());
        let spoilt = blobs.copy_to(&other, &|size| sizes.lock().unwrap().push(size)).await.unwrap();
        assert_eq!(spoilt, [format!("acme/{}", names[2])]);
        let mut sizes = sizes.into_inner().unwrap();
        sizes.sort_unstable();
        assert_eq!(sizes, [3, 3, 6]);
        assert_eq!(other.read(&tenant, &names[1]).await.unwrap(), Some(Bytes::from_static(b"two")));
        assert_eq!(std::fs::read(folder.join("there/acme").join(&names[2])).unwrap(), b"thrice");
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_bucket_is_opened_without_being_asked() {
        drop(rustls::crypto::ring::default_provider().install_default());
        let blobs = Blobs::open(&BlobConfig::S3("s3://labels/waybill".to_owned())).unwrap();
        assert_eq!(blobs.path(&TenantId::new("acme").unwrap(), "00").to_string(), "waybill/acme/00");
        assert!(Blobs::open(&BlobConfig::S3("s3://".to_owned())).is_err());
    }
}
