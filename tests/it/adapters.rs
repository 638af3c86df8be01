//! Blocking readers and writers as asynchronous ones.

use std::io::{self, ErrorKind, Read, Write};
use std::pin::Pin;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use unblock_runtime::{EventLoop, Pool, io as pool_io, job};

use crate::support::{Gate, block_on, eventually, hold, next, single};

/// Says on which thread it is dropped.
struct TellsDrop(mpsc::Sender<ThreadId>);

impl Drop for TellsDrop {
    fn drop(&mut self) {
        let _ = self.0.send(thread::current().id());
    }
}

/// Gives, and takes, what the test sends it.
struct Script<T> {
    steps: mpsc::Receiver<T>,
    begun: mpsc::Sender<()>,
    written: Arc<Mutex<Vec<u8>>>,
}

type ReadStep = io::Result<Vec<u8>>;
/// How many bytes a write takes.
type WriteStep = io::Result<usize>;

struct Scripted<T> {
    script: Script<T>,
    give: mpsc::Sender<T>,
    begins: mpsc::Receiver<()>,
    written: Arc<Mutex<Vec<u8>>>,
}

fn script<T>() -> Scripted<T> {
    let (give, steps) = mpsc::channel();
    let (begun, begins) = mpsc::channel();
    let written = Arc::new(Mutex::new(Vec::new()));
    let script = Script { steps, begun, written: Arc::clone(&written) };
    Scripted { script, give, begins, written }
}

impl<T> Script<T> {
    fn step(&self) -> Option<T> {
        let _ = self.begun.send(());
        self.steps.recv().ok()
    }
}

impl Read for Script<ReadStep> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let bytes = self.step().transpose()?.unwrap_or_default();
        assert_ne!(bytes, b"panic", "the reader panics");
        to[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }
}

impl Write for Script<WriteStep> {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        let bytes = self.step().transpose()?.unwrap_or(usize::MAX).min(from.len());
        self.written.lock().unwrap().extend(&from[..bytes]);
        Ok(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.written.lock().unwrap().push(b'!');
        Ok(())
    }
}

fn poll_read<R: Read + Send + 'static>(reader: &mut pool_io::Reader<R>) -> bool {
    let (mut room, mut cx) = ([0; 8], Context::from_waker(Waker::noop()));
    Pin::new(reader).poll_read(&mut cx, &mut ReadBuf::new(&mut room)).is_ready()
}

#[test]
fn a_reader_gives_all_bytes_and_then_the_end() {
    let pool = Pool::builder().parallelism(2).build().unwrap();
    let bytes: Vec<u8> = (0..=255).cycle().take(10_000).collect();
    for capacity in [1, 7, 4096, 100_000] {
        let mut reader = pool.reader(io::Cursor::new(bytes.clone())).capacity(capacity);
        let mut read = Vec::new();
        block_on(reader.read_to_end(&mut read)).unwrap();
        assert_eq!(read, bytes);
        assert_eq!(block_on(reader.read(&mut [0; 8])).unwrap(), 0);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let on_a_loop = EventLoop::new().run(async {
        let mut read = Vec::new();
        pool.reader(io::Cursor::new(bytes.clone())).read_to_end(&mut read).await.unwrap();
        read
    });
    assert_eq!(runtime.block_on(on_a_loop), bytes);
}

#[test]
fn a_read_that_is_given_up_loses_no_bytes() {
    let pool = Pool::builder().parallelism(1).max_threads(4).build().unwrap();
    let Scripted { script, give, begins, .. } = script::<ReadStep>();
    let mut reader = pool.reader(script);
    let mut bytes = [0; 8];
    // A future that is dropped while its job runs.
    assert!(!poll_read(&mut reader));
    next(&begins);
    give.send(Ok(b"one".into())).unwrap();
    assert_eq!(block_on(reader.read(&mut bytes)).unwrap(), 3);
    assert_eq!(&bytes[..3], b"one");
    // A deadline that passes while its job runs, or before: the next read waits for that job.
    let late = block_on(job::within(Duration::from_millis(5), reader.read(&mut bytes)));
    assert_eq!(late.unwrap_err().kind(), ErrorKind::TimedOut);
    give.send(Ok(b"two".into())).unwrap();
    assert_eq!(block_on(reader.read(&mut bytes[..2])).unwrap(), 2);
    assert_eq!(block_on(reader.read(&mut bytes[2..])).unwrap(), 1);
    assert_eq!(&bytes[..3], b"two");
}

#[test]
fn a_readers_error_comes_once_and_reading_goes_on_but_for_a_panic() {
    let pool = single(8);
    let Scripted { script, give, .. } = script::<ReadStep>();
    let mut reader = pool.reader(script);
    let mut bytes = [0; 8];
    for step in [
        Err(ErrorKind::Interrupted.into()),
        Err(ErrorKind::ConnectionReset.into()),
        Ok(b"more".to_vec()),
        Ok(b"panic".to_vec()),
    ] {
        give.send(step).unwrap();
    }
    let error = block_on(reader.read(&mut bytes)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(block_on(reader.read(&mut bytes)).unwrap(), 4);
    for text in ["the job panicked", "a read or write has panicked before"] {
        let error = block_on(reader.read(&mut bytes)).unwrap_err();
        assert_eq!((error.kind(), error.to_string()), (ErrorKind::Other, text.to_owned()));
    }
}

#[test]
fn a_closed_pool_is_a_broken_pipe() {
    let pool = single(8);
    let mut reader = pool.reader(io::empty());
    let mut writer = pool.writer(io::sink());
    pool.shutdown_blocking(Duration::MAX);
    assert_eq!(block_on(reader.read(&mut [0])).unwrap_err().kind(), ErrorKind::BrokenPipe);
    block_on(writer.write_all(b"accepted")).unwrap();
    assert_eq!(block_on(writer.flush()).unwrap_err().kind(), ErrorKind::BrokenPipe);
}

#[test]
fn a_writer_writes_all_bytes_in_order_and_flush_waits_for_them() {
    let pool = Pool::builder().parallelism(2).build().unwrap();
    let bytes: Vec<u8> = (0..=255).cycle().take(10_000).collect();
    for capacity in [1, 7, 4096, 100_000] {
        let Scripted { script, give, written, .. } = script::<WriteStep>();
        drop(give);
        let mut writer = pool.writer(script).capacity(capacity);
        block_on(writer.flush()).unwrap();
        block_on(writer.write_all(&bytes)).unwrap();
        block_on(writer.flush()).unwrap();
        block_on(writer.shutdown()).unwrap();
        let written = written.lock().unwrap();
        assert_eq!(written[..bytes.len()], bytes);
        assert_eq!(&written[bytes.len()..], b"!", "it was flushed once, when there was something");
    }
}

#[test]
fn a_write_returns_before_it_is_written_and_the_next_one_waits() {
    let pool = single(8);
    let held = hold(&pool);
    let mut writer = pool.writer(Vec::new()).capacity(4);
    assert_eq!(block_on(writer.write(b"123456")).unwrap(), 4);
    let mut cx = Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut writer).poll_write(&mut cx, b"56").is_pending());
    held.release();
    assert_eq!(block_on(writer.write(b"56")).unwrap(), 2);
}

#[test]
fn a_partial_write_that_fails_is_told_and_goes_on_from_there() {
    let pool = single(8);
    let Scripted { script, give, written, .. } = script::<WriteStep>();
    let mut writer = pool.writer(script);
    for step in [
        Ok(2),
        Err(ErrorKind::Interrupted.into()),
        Ok(1),
        Err(ErrorKind::StorageFull.into()),
        Ok(0),
    ] {
        give.send(step).unwrap();
    }
    block_on(writer.write_all(b"abcdef")).unwrap();
    // Nothing of the second write is accepted before the first is written.
    assert_eq!(block_on(writer.write(b"gh")).unwrap_err().kind(), ErrorKind::StorageFull);
    assert_eq!(*written.lock().unwrap(), b"abc");
    assert_eq!(block_on(writer.flush()).unwrap_err().kind(), ErrorKind::WriteZero);
    drop(give);
    block_on(writer.write_all(b"gh")).unwrap();
    block_on(writer.flush()).unwrap();
    assert_eq!(*written.lock().unwrap(), b"abcdefgh!");
}

#[test]
fn a_write_that_is_given_up_is_written_once() {
    let pool = Pool::builder().parallelism(1).max_threads(4).build().unwrap();
    let Scripted { script, give, begins, written } = script::<WriteStep>();
    let mut writer = pool.writer(script);
    let late = block_on(job::within(Duration::from_millis(50), async {
        writer.write_all(b"abc").await?;
        writer.flush().await
    }));
    assert_eq!(late.unwrap_err().kind(), ErrorKind::TimedOut);
    drop((give, begins));
    block_on(writer.write_all(b"def")).unwrap();
    block_on(writer.flush()).unwrap();
    assert_eq!(*written.lock().unwrap(), b"abcdef!");
}

#[test]
fn a_dropped_writer_writes_what_it_accepted_and_is_dropped_on_the_pool() {
    struct Tells(TellsDrop, Arc<Mutex<Vec<u8>>>);
    impl Write for Tells {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = &self.0;
            Write::write(&mut *self.1.lock().unwrap(), bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let pool = single(8);
    let here = thread::current().id();
    let (dropped, drops) = mpsc::channel();
    let written = Arc::new(Mutex::new(Vec::new()));
    let held = hold(&pool);
    let mut writer = pool.writer(Tells(TellsDrop(dropped.clone()), Arc::clone(&written)));
    block_on(writer.write_all(b"the last words")).unwrap();
    drop(writer);
    held.release();
    assert_ne!(next(&drops), here);
    assert_eq!(*written.lock().unwrap(), b"the last words");
    // One that has nothing to write, too.
    drop(pool.writer(Tells(TellsDrop(dropped), written)));
    assert_ne!(next(&drops), here);
}

#[test]
fn a_dropped_reader_cancels_the_job_that_waits_and_is_dropped_on_the_pool() {
    struct Tells(TellsDrop, Gate);
    impl Read for Tells {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            let _ = &self.0;
            self.1.wait();
            Ok(0)
        }
    }
    let pool = single(8);
    let (dropped, drops) = mpsc::channel();
    let held = hold(&pool);
    // The gate stays shut: the job never reads.
    let mut reader = pool.reader(Tells(TellsDrop(dropped), Gate::new()));
    assert!(!poll_read(&mut reader));
    drop(reader);
    assert_eq!(pool.stats().cancelled, 1);
    held.release();
    assert_ne!(next(&drops), thread::current().id());
    eventually("nothing is left", || pool.stats().running == 0);
}

#[test]
fn adapters_go_between_threads() {
    fn goes<T: Send + Unpin + 'static>() {}
    goes::<pool_io::Reader<std::fs::File>>();
    goes::<pool_io::Writer<std::fs::File>>();
}
