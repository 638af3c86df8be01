//! The work of the routes: ordinary blocking code that knows nothing of pools, loops or `async`.

use std::io::Cursor;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use argon2::password_hash::PasswordHasher as _;
use argon2::{Algorithm, Argon2, Params, Version};
use axum::http::StatusCode;
use image::error::{ImageError, LimitErrorKind};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits};

use crate::error_response::{TextResponse, internal};
use crate::input::WIDEST;

/// Sleeps, as a call to another machine would.
pub(crate) fn sleep(time: Duration) -> String {
    thread::sleep(time);
    format!("Awake! {}\n", now())
}

/// Computes until this thread has used `time` of CPU time, however long other threads keep it from
/// running.
pub(crate) fn spin(time: Duration) -> String {
    let start = cpu_time();
    let mut rounds: u64 = 0;
    loop {
        let burnt = cpu_time().saturating_sub(start);
        if burnt >= time {
            return format!("burnt {} µs of CPU time in {rounds} rounds\n", burnt.as_micros());
        }
        rounds = std::hint::black_box(rounds + 1);
    }
}

/// Hashes a password with argon2id, at the first parameters that OWASP's Password Storage Cheat
/// Sheet recommends: 19 MiB of memory, 2 iterations, 1 lane.
pub(crate) fn hash(password: &[u8]) -> Result<String, TextResponse> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(|error| internal(&error))?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash = argon2.hash_password(password).map_err(|error| internal(&error))?;
    Ok(format!("{hash}\n"))
}

/// Decodes a PNG or JPEG, makes it `width` pixels wide, and encodes it as PNG.
///
/// The picture is turned as its Exif data says, because what a camera stores lies on its side, and
/// the PNG has no such data. Of an animation the first picture is taken.
pub(crate) fn thumbnail(picture: &[u8], width: u32) -> Result<Vec<u8>, TextResponse> {
    let Ok(format @ (ImageFormat::Png | ImageFormat::Jpeg)) = image::guess_format(picture) else {
        let line = "the body is not a PNG or JPEG picture";
        return Err(TextResponse::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, line));
    };
    let reader = ImageReader::with_format(Cursor::new(picture), format);
    let (large, orientation) = decode(reader).map_err(|error| undecodable(&error))?;
    // The height is bounded as well, for pictures that are much taller than wide.
    let mut small = if swaps_sides(orientation) {
        large.thumbnail(WIDEST, width)
    } else {
        large.thumbnail(width, WIDEST)
    };
    small.apply_orientation(orientation);
    let mut png = Cursor::new(Vec::new());
    small.write_to(&mut png, ImageFormat::Png).map_err(|error| internal(&error))?;
    Ok(png.into_inner())
}

/// Decodes a picture within the limits.
fn decode(
    mut reader: ImageReader<Cursor<&[u8]>>,
) -> Result<(DynamicImage, Orientation), ImageError> {
    let mut limits = decoding_limits();
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder()?;
    limits.reserve(decoder.total_bytes())?;
    decoder.set_limits(limits)?;
    // Exif data that cannot be read say nothing of the picture.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Ok((DynamicImage::from_decoder(decoder)?, orientation))
}

/// Returns whether what is wide becomes high.
fn swaps_sides(orientation: Orientation) -> bool {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(orientation, Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH)
}

/// Limits on the decoded picture, which are checked before it is decoded: a file of a few kilobytes
/// can declare a picture that fills the memory.
fn decoding_limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(16_384);
    limits.max_image_height = Some(16_384);
    limits.max_alloc = Some(256 * 1024 * 1024);
    limits
}

fn undecodable(error: &ImageError) -> TextResponse {
    let line = match error {
        ImageError::Limits(limit) => match limit.kind() {
            LimitErrorKind::DimensionError => "the picture has more than 16384 pixels on a side",
            _ => "the picture needs more than 256 MiB to decode",
        },
        _ => "the picture cannot be decoded",
    };
    TextResponse::new(StatusCode::UNPROCESSABLE_ENTITY, line)
}

/// Returns the time in seconds since 1970, as `time.time()` does in Python.
pub(crate) fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{}.{:03}", since.as_secs(), since.subsec_millis())
}

/// Returns the CPU time that this thread has used.
#[cfg(unix)]
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// Returns the time since the first call, on platforms that do not report the CPU time of a thread.
#[cfg(not(unix))]
fn cpu_time() -> Duration {
    static START: std::sync::LazyLock<std::time::Instant> =
        std::sync::LazyLock::new(std::time::Instant::now);
    START.elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{GenericImageView as _, Rgb, RgbImage};

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(width, height).write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn spinning_uses_the_cpu_time_that_was_asked_for() {
        let before = cpu_time();
        spin(Duration::from_millis(5));
        assert!(cpu_time().checked_sub(before).unwrap() >= Duration::from_millis(5));
    }

    #[test]
    fn a_thumbnail_keeps_the_proportions() {
        let small = image::load_from_memory(&thumbnail(&png(64, 32), 16).unwrap()).unwrap();
        assert_eq!(small.dimensions(), (16, 8));
    }

    /// A JPEG of 64 by 32 pixels, whose left half is red, with an orientation in its Exif data.
    fn jpeg(orientation: u8) -> Vec<u8> {
        let pixel = |x, _| if x < 32 { Rgb([255, 0, 0]) } else { Rgb([0, 0, 255]) };
        let picture = DynamicImage::ImageRgb8(RgbImage::from_fn(64, 32, pixel));
        let mut plain = Cursor::new(Vec::new());
        picture.write_to(&mut plain, ImageFormat::Jpeg).unwrap();
        let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
        exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
        let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
        let plain = plain.into_inner();
        [&plain[..2], &[0xff, 0xe1], &length, &exif, &plain[2..]].concat()
    }

    #[test]
    fn a_picture_that_lies_on_its_side_is_turned() {
        let is_red = |pixel: image::Rgba<u8>| pixel[0] > 200 && pixel[2] < 50;
        // As it is, upside down, and turned by a quarter either way.
        for (orientation, size, red) in [
            (1, (16, 8), (1, 4)),
            (3, (16, 8), (14, 4)),
            (6, (16, 32), (8, 1)),
            (8, (16, 32), (8, 30)),
        ] {
            let small = thumbnail(&jpeg(orientation), 16).unwrap();
            let small = image::load_from_memory(&small).unwrap();
            assert_eq!(small.dimensions(), size, "{orientation}");
            assert!(is_red(small.get_pixel(red.0, red.1)), "{orientation}");
        }
    }

    #[test]
    fn a_tall_picture_makes_no_taller_thumbnail_than_a_wide_one_may_be() {
        let small = image::load_from_memory(&thumbnail(&png(1, 1000), WIDEST).unwrap()).unwrap();
        assert!(small.height() <= WIDEST);
    }

    #[test]
    fn hashes_are_salted_and_say_their_parameters() {
        let (one, two) = (hash(b"secret").unwrap(), hash(b"secret").unwrap());
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert_ne!(one, two);
    }
}
