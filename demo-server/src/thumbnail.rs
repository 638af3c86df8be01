//! The thumbnail of a picture: ordinary blocking code, as in `work`.

use std::io::Cursor;

use axum::http::StatusCode;
use image::codecs::jpeg::JpegDecoder;
use image::codecs::png::{PngDecoder, PngEncoder};
use image::error::{ImageError, LimitErrorKind};
use image::metadata::Orientation;
use image::{ColorType, DynamicImage, ImageDecoder, ImageEncoder as _, ImageFormat, Limits};

use crate::error_response::{TextResponse, internal};
use crate::input::WIDEST;

/// A small picture, and what became of the large one besides.
pub(crate) struct Thumbnail {
    pub(crate) png: Vec<u8>,
    /// Phrases for whoever sent the picture; mostly there are none.
    pub(crate) notes: Vec<&'static str>,
}

/// Decodes a PNG or JPEG, makes it `width` pixels wide, and encodes it as PNG.
///
/// The picture is turned as its Exif data says, because what a camera stores lies on its side, and
/// the PNG has no such data. It keeps its color profile. Colors of more than 8 bits, and those for
/// printers, become what every screen shows. Of an animation the first picture is taken.
pub(crate) fn thumbnail(picture: &[u8], width: u32) -> Result<Thumbnail, TextResponse> {
    let limits = decoding_limits();
    let reader = Cursor::new(picture);
    let decoded = match image::guess_format(picture) {
        Ok(ImageFormat::Png) => PngDecoder::with_limits(reader, limits.clone())
            .and_then(|decoder| Ok((decoder.is_apng()?, false, decode(decoder, limits)?))),
        Ok(ImageFormat::Jpeg) => JpegDecoder::new(reader)
            .and_then(|decoder| Ok((false, is_for_printers(picture), decode(decoder, limits)?))),
        other => return Err(unsupported(other.ok())),
    };
    let (is_animated, is_for_printers, large) = decoded.map_err(|error| undecodable(&error))?;
    // The height is bounded as well, for pictures that are much taller than wide.
    let mut small = if swaps_sides(large.orientation) {
        large.pixels.thumbnail(WIDEST, width)
    } else {
        large.pixels.thumbnail(width, WIDEST)
    };
    small.apply_orientation(large.orientation);
    let (small, is_wide) = narrow(small);

    let mut png = Vec::new();
    let mut encoder = PngEncoder::new(&mut png);
    if let Some(profile) = large.profile.filter(|_| !is_for_printers) {
        encoder.set_icc_profile(profile).map_err(|error| internal(&error))?;
    }
    small.write_with_encoder(encoder).map_err(|error| internal(&error))?;
    let notes = [
        (large.orientation != Orientation::NoTransforms, "turned as its Exif data says"),
        (is_wide, "colors of 16 bits became 8 bits"),
        (is_for_printers, "CMYK became RGB"),
        (is_animated, "the first picture of an animation"),
    ];
    let notes = notes.into_iter().filter(|(applies, _)| *applies).map(|(_, note)| note).collect();
    Ok(Thumbnail { png, notes })
}

/// A picture as it was decoded.
struct Decoded {
    pixels: DynamicImage,
    orientation: Orientation,
    profile: Option<Vec<u8>>,
}

/// Decodes a picture within the limits.
fn decode(mut decoder: impl ImageDecoder, mut limits: Limits) -> Result<Decoded, ImageError> {
    decoder.set_limits(limits.clone())?;
    limits.reserve(decoder.total_bytes())?;
    decoder.set_limits(limits)?;
    // Metadata that cannot be read say nothing of the picture.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let profile = decoder.icc_profile().unwrap_or(None);
    let pixels = DynamicImage::from_decoder(decoder)?;
    Ok(Decoded { pixels, orientation, profile })
}

/// Returns whether a JPEG has four colors, which are printing inks. The decoder does not tell.
fn is_for_printers(jpeg: &[u8]) -> bool {
    // Behind the two bytes at the beginning, segment by segment: a marker, a length, and in the
    // head of the frame the number of colors.
    let mut rest = jpeg.get(2..).unwrap_or_default();
    while let [0xff, marker, high, low, data @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        rest = match marker {
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                return data.get(5) == Some(&4);
            }
            // A byte that only fills.
            0xff => &rest[1..],
            _ => rest.get(2 + length..).unwrap_or_default(),
        };
    }
    false
}

/// Returns a picture with 8 bits for each color, and whether it had more.
fn narrow(picture: DynamicImage) -> (DynamicImage, bool) {
    let narrowed = match picture.color() {
        ColorType::L16 => picture.into_luma8().into(),
        ColorType::La16 => picture.into_luma_alpha8().into(),
        ColorType::Rgb16 | ColorType::Rgb32F => picture.into_rgb8().into(),
        ColorType::Rgba16 | ColorType::Rgba32F => picture.into_rgba8().into(),
        _ => return (picture, false),
    };
    (narrowed, true)
}

fn unsupported(format: Option<ImageFormat>) -> TextResponse {
    let name = format.and_then(|format| format.extensions_str().first());
    let line = match name {
        Some(name) => {
            format!("the body is a {} picture; PNG and JPEG are accepted", name.to_uppercase())
        }
        None => "the body is not a PNG or JPEG picture".to_owned(),
    };
    TextResponse::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, line)
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

#[cfg(test)]
mod tests {
    use super::*;
    use image::{GenericImageView as _, Rgb, RgbImage};

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(width, height).write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    /// The thumbnail of a picture, decoded, and what is said of it.
    fn shown(picture: &[u8], width: u32) -> (DynamicImage, Vec<&'static str>) {
        let Thumbnail { png, notes } = thumbnail(picture, width).unwrap();
        (image::load_from_memory(&png).unwrap(), notes)
    }

    #[test]
    fn a_thumbnail_keeps_the_proportions() {
        let small = shown(&png(64, 32), 16).0;
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
            let (small, notes) = shown(&jpeg(orientation), 16);
            assert_eq!(notes.is_empty(), orientation == 1, "{notes:?}");
            assert_eq!(small.dimensions(), size, "{orientation}");
            assert!(is_red(small.get_pixel(red.0, red.1)), "{orientation}");
        }
    }

    #[test]
    fn wide_colors_become_narrow_ones_and_that_is_said() {
        use image::DynamicImage as Picture;
        for (wide, narrow) in [
            (Picture::new_luma16(8, 8), ColorType::L8),
            (Picture::new_luma_a16(8, 8), ColorType::La8),
            (Picture::new_rgb16(8, 8), ColorType::Rgb8),
            (Picture::new_rgba16(8, 8), ColorType::Rgba8),
        ] {
            let mut bytes = Cursor::new(Vec::new());
            wide.write_to(&mut bytes, ImageFormat::Png).unwrap();
            let (small, notes) = shown(bytes.get_ref(), 4);
            assert_eq!(small.color(), narrow);
            assert_eq!(notes, ["colors of 16 bits became 8 bits"]);
        }
        assert!(shown(&png(8, 8), 4).1.is_empty());
    }

    /// A JPEG of 16 by 16 pixels in inks, all of them with no ink.
    fn cmyk() -> Vec<u8> {
        let zeros = |count| vec![0_u8; count];
        let mut jpeg = vec![0xff, 0xd8];
        // Adobe's marker, without which nobody knows what four colors are. It also inverts them.
        jpeg.extend([0xff, 0xee, 0, 14]);
        jpeg.extend(b"Adobe\0\x64\0\0\0\0\0");
        // One table to divide by, all ones.
        jpeg.extend([0xff, 0xdb, 0, 67, 0]);
        jpeg.extend([1; 64]);
        jpeg.extend([0xff, 0xc0, 0, 20, 8, 0, 16, 0, 16, 4]);
        jpeg.extend((1..=4).flat_map(|color| [color, 0x11, 0]));
        // Tables of one code, `0`, which means nothing follows: no difference, end of the block.
        for table in [0x00, 0x10] {
            jpeg.extend([0xff, 0xc4, 0, 20, table, 1]);
            jpeg.extend(zeros(16));
        }
        jpeg.extend([0xff, 0xda, 0, 14, 4]);
        jpeg.extend((1..=4).flat_map(|color| [color, 0]));
        jpeg.extend([0, 63, 0]);
        // Four blocks of four colors, two codes each.
        jpeg.extend(zeros(4));
        jpeg.extend([0xff, 0xd9]);
        jpeg
    }

    #[test]
    fn colors_for_printers_become_those_of_screens_and_that_is_said() {
        let (small, notes) = shown(&cmyk(), 8);
        assert_eq!((small.dimensions(), small.color()), ((8, 8), ColorType::Rgb8));
        assert_eq!(notes, ["CMYK became RGB"]);
    }

    /// A PNG with another chunk behind its header.
    fn png_with(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
        let plain = png(8, 8);
        let chunk = [&kind[..], data].concat();
        let sum = !chunk.iter().fold(u32::MAX, |sum, byte| {
            (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
                (sum >> 1) ^ (0xEDB8_8320 & (sum & 1).wrapping_neg())
            })
        });
        let length = u32::try_from(data.len()).unwrap().to_be_bytes();
        [&plain[..33], &length, &chunk, &sum.to_be_bytes(), &plain[33..]].concat()
    }

    #[test]
    fn of_an_animation_the_first_picture_is_taken_and_that_is_said() {
        // Three pictures, shown for ever.
        let animated = png_with(*b"acTL", &[0, 0, 0, 3, 0, 0, 0, 0]);
        let (small, notes) = shown(&animated, 4);
        assert_eq!(small.dimensions(), (4, 4));
        assert_eq!(notes, ["the first picture of an animation"]);
    }

    #[test]
    fn a_color_profile_is_kept() {
        let mut bytes = Vec::new();
        let mut encoder = PngEncoder::new(&mut bytes);
        encoder.set_icc_profile(b"a profile".to_vec()).unwrap();
        DynamicImage::new_rgb8(8, 8).write_with_encoder(encoder).unwrap();
        let small = thumbnail(&bytes, 4).unwrap().png;
        let mut decoder = PngDecoder::new(Cursor::new(small)).unwrap();
        assert_eq!(decoder.icc_profile().unwrap().unwrap(), b"a profile");
    }

    #[test]
    fn other_pictures_are_refused_by_their_names() {
        for (start, name) in
            [(&b"GIF89a"[..], "GIF"), (b"RIFF\0\0\0\0WEBPVP8X", "WEBP"), (b"BM", "BMP")]
        {
            let refusal = thumbnail(start, 8).err().unwrap().to_string();
            assert!(refusal.contains(&format!("a {name} picture")), "{refusal}");
        }
        assert!(thumbnail(b"text", 8).err().unwrap().to_string().contains("not a PNG or JPEG"));
    }

    #[test]
    fn a_tall_picture_makes_no_taller_thumbnail_than_a_wide_one_may_be() {
        let small = shown(&png(1, 1000), WIDEST).0;
        assert!(small.height() <= WIDEST);
    }
}
