"""What the image plugins report about an image or its result."""

from taskmanager.model.reasons.coded_text import TextFamily

PICTURES = TextFamily("picture", "What is odd about a picture or its result.")
_text = PICTURES.text

NOT_AS_EXPECTED = _text("not_as_expected", "the result is not what it should be (%(differences)s)")
OTHER_SHAPE = _text("other_shape", "the result has the shape %(result)s, its source %(source)s")
NOT_LOSSLESS = _text(
    "not_lossless",
    "the result is not lossless: %(number)s samples differ, the first at column "
    "%(column)s, row %(row)s, channel %(channel)s",
)
OTHER_CHANNELS = _text("other_channels", "the result has %(found)s channel(s) instead of %(wanted)s")
NOT_ALIKE = _text(
    "not_alike",
    "the result does not look like its source: reduced copies differ by %(difference)s of "
    "255 on average (%(allowed)s are allowed)",
)
LIKE_TURNED = _text("like_turned", "the result does not look like its source, but like its source %(how)s")
RESULT_NOT_DECODED = _text("result_not_decoded", "the result cannot be decoded: %(error)s")
BITS_OF_HIGH_THROUGHPUT = _text(
    "bits_of_high_throughput",
    "its samples have %(bits)s bits; high-throughput profiles hold 8 or 16. Choose another profile",
)
SHAPE_WHEN_DECODED = _text("shape_when_decoded", "the result has the shape %(shape)s when decoded")
CHANNELS_WHEN_DECODED = _text(
    "channels_when_decoded", "the result has %(found)s channel(s) when decoded, not %(wanted)s"
)
OTHER_SIZE_THAN_HEADER = _text(
    "other_size_than_header", "the header announces %(expected)s pixels, %(width)s x %(height)s could be read"
)
JPEG_WITHOUT_END = _text("jpeg_without_end", "the JPEG file has no end marker: it is cut short")
COMPONENTS_ANNOUNCED = _text(
    "components_announced", "%(announced)s component(s) are announced, %(read)s could be read"
)
DAMAGED = _text("damaged", "the picture is damaged: %(detail)s")
CHANNELS_ANNOUNCED = _text(
    "channels_announced", "the header announces %(announced)s channel(s), %(read)s could be read"
)
TOOK_TOO_LONG = _text("took_too_long", "the picture took longer than %(limit)s, its time limit")
JPEG_TOO_LARGE = _text(
    "jpeg_too_large",
    "a JPEG may have %(most)s pixels per side, this picture has %(width)s x %(height)s; ask "
    "for a smaller `longest_side`",
)
RESULT_WITHOUT_END = _text(
    "result_without_end", "the result is not a complete JPEG file: its end marker is missing"
)
RESULT_WITHOUT_JFIF = _text("result_without_jfif", "the result has no JFIF header")
OTHER_COLOUR = _text("other_colour", "the result is %(result)s, the source %(source)s")
RESULT_NOT_COMPLETE = _text("result_not_complete", "the result is not a complete picture: %(error)s")
BOX_CUT = _text("box_cut", "the box at byte %(position)s is cut short")
BOX_TOO_LONG = _text(
    "box_too_long", "the box %(box)s at byte %(position)s claims %(length)s bytes; %(left)s are left"
)
RESOLUTION_NOT_WRITABLE = _text(
    "resolution_not_writable", "a resolution of %(resolution)s dots per inch cannot be written"
)
STREAM_WITHOUT_SOC = _text("stream_without_soc", "the codestream does not begin with SOC")
TILE_CUT = _text("tile_cut", "tile %(tile)s claims more data than the file has: it is cut short")
STREAM_WITHOUT_EOC = _text("stream_without_eoc", "the codestream does not end with EOC: it is cut short")
TILES_MISSING = _text("tiles_missing", "the codestream has %(found)s of %(wanted)s tiles")
MAIN_HEADER_CUT = _text("main_header_cut", "the main header of the codestream is not complete")
STREAM_WITHOUT_SIZE = _text("stream_without_size", "the codestream gives no size of its picture or its tiles")
COMPONENTS_DIFFER = _text(
    "components_differ", "the components of the picture differ in depth or are subsampled"
)
ALL_SUBSAMPLED = _text("all_subsampled", "all components of the picture are subsampled")
FILE_ENDS = _text("file_ends", "the file ends at byte %(position)s: it is cut short")
NO_CODESTREAM = _text("no_codestream", "the JPEG 2000 file has no codestream")
HEADER_AND_STREAM_DIFFER = _text(
    "header_and_stream_differ", "header and codestream of the JPEG 2000 file differ in size or components"
)
CHANNEL_ORDER = _text(
    "channel_order", "the channels of the JPEG 2000 file stand in an order that is not processed"
)
JP2_COLOURS = _text(
    "jp2_colours", "the JPEG 2000 file declares %(colour)s but has %(number)s colour component(s)"
)
JP2_HEADER_TOO_LONG = _text("jp2_header_too_long", "the header of the JPEG 2000 file is too long to be one")
JP2_BOX_DAMAGED = _text("jp2_box_damaged", "the box %(box)s of the JPEG 2000 file is damaged")
PNG_WITHOUT_HEADER = _text("png_without_header", "the PNG file has no header (chunk IHDR)")
PNG_HEADER_DAMAGED = _text("png_header_damaged", "the header of the PNG file (chunk IHDR) is damaged")
JPEG_WITHOUT_FRAME = _text(
    "jpeg_without_frame", "the JPEG file has no frame header: it is cut short or damaged"
)
JPEG_WITHOUT_LINES = _text(
    "jpeg_without_lines",
    "the JPEG file does not say how many lines it has (DNL); no reader supports such files",
)
JPEG_COMPONENTS = _text("jpeg_components", "a JPEG file of %(number)s components is not processed")
WEBP_WITHOUT_PICTURE = _text(
    "webp_without_picture", "the WebP file has no picture: it is cut short or damaged"
)
GIF_CUT = _text("gif_cut", "the GIF file is cut short")
GIF_WITHOUT_SIZE = _text("gif_without_size", "the header of the GIF file gives no size")
BMP_CUT = _text("bmp_cut", "the BMP file is cut short")
BMP_WITHOUT_SIZE = _text("bmp_without_size", "the header of the BMP file gives no size")
TIFF_HEADER_ODD = _text("tiff_header_odd", "the header of the TIFF file is not valid: %(detail)s")
TIFF_CHANGED = _text("tiff_changed", "the TIFF file was changed while it was read")
TIFF_WITHOUT_DIRECTORY = _text(
    "tiff_without_directory", "the TIFF file has no directory that can be read: it is cut short or damaged"
)
TIFF_HEADER_DAMAGED = _text("tiff_header_damaged", "the header of the TIFF file is damaged: %(detail)s")
LAYERS = _text("layers", "the picture has %(number)s layers of depth; only flat ones are processed")
NO_PHOTOMETRIC = _text(
    "no_photometric",
    "the file does not say what its samples mean (TIFF tag PhotometricInterpretation is missing)",
)
PHOTOMETRIC = _text(
    "photometric",
    "pictures of PhotometricInterpretation %(name)s (%(number)s) are not processed; "
    "convert the file to grey or RGB before",
)
TOO_FEW_SAMPLES = _text(
    "too_few_samples", "the header declares %(colour)s but only %(number)s sample(s) per pixel"
)
COMPLEX_SAMPLES = _text(
    "complex_samples", "samples of SampleFormat %(number)s (complex numbers) are not processed"
)
SAMPLES_DIFFER = _text("samples_differ", "the samples of a pixel have different %(what)s: %(numbers)s")
HEADER_DAMAGED = _text("header_damaged", "the header of the picture is damaged: %(detail)s")
LAB_BITS = _text("lab_bits", "Lab pictures of %(bits)s bits per sample are not processed")
BITS_24 = _text(
    "bits_24",
    "its samples have 24 bits, and writers differ in the order of their bytes; this "
    "picture does not show which was meant. Convert the file to 16 bits before",
)
NO_OFFSETS = _text(
    "no_offsets", "the file does not say where the data of the picture is (no strip or tile offsets)"
)
PARTS_MISSING = _text(
    "parts_missing", "%(present)s of %(wanted)s %(kind)s of the picture are there; the others are missing"
)
ODD_PALETTE = _text("odd_palette", "the picture has a palette in a form that is not understood")
OUTSIDE_PALETTE = _text("outside_palette", "pixels name colours that the palette does not have")
OLD_JPEG = _text(
    "old_jpeg", "its old-style JPEG (TIFF compression 6, replaced in 1995) could not be read: %(error)s"
)
YCBCR_KIND = _text(
    "ycbcr_kind", "YCbCr pictures of this kind are not processed; convert the file to RGB before"
)
STRIP_CUT = _text("strip_cut", "a strip has %(found)s of %(wanted)s bytes: data is missing")
CHROMA_REDUCED = _text(
    "chroma_reduced", "the chroma samples are reduced by %(across)s and %(down)s, which no reader supports"
)
EMPTY = _text("empty", "it is empty")
NO_PICTURE = _text(
    "no_picture", "it is not a TIFF, PNG, JPEG, JPEG 2000, GIF, BMP or WebP file, whatever its name says"
)
ODD_SIZE = _text("odd_size", "the header gives a size of %(width)s x %(height)s pixels")
TOO_MANY_PIXELS = _text(
    "too_many_pixels", "the header claims %(width)s x %(height)s pixels; more than %(most)s are not processed"
)
TOO_MUCH_MEMORY = _text(
    "too_much_memory",
    "its %(width)s x %(height)s pixels of %(samples)s sample(s) would take about "
    "%(needed)s of memory; %(setting)s allows %(most)s (raise it if the picture is sound)",
)
RESULT_NOT_OPENED = _text("result_not_opened", "the result cannot be opened as an image: %(error)s")
RESULT_SIZE = _text(
    "result_size",
    "the result has %(width)s x %(height)s pixels, the source %(source_width)s x %(source_height)s",
)
OF_PAGE = _text("of_page", "page %(number)s: %(error)s")
ONLY_FIRST_PAGE = _text(
    "only_first_page",
    "the file has %(number)s pages; only the first was taken (`pages`: all takes every one)",
)
ALL_PAGES_GIVEN = _text(
    "all_pages_given", "the file has %(number)s pages; the program was given all of them to choose from"
)
NOT_LOSSLESS_AS_IS = _text(
    "not_lossless_as_is",
    "this cannot be lossless: %(obstacle)s. Choose a profile with loss, or let the job "
    "convert it (parameter `convert`: true)",
)
SAMPLES_NO_INTEGERS = _text(
    "samples_no_integers", "its samples are %(kind)s; a lossless result holds unsigned integers only"
)
TOO_MANY_BITS = _text(
    "too_many_bits", "its samples have %(bits)s bits; a lossless result holds %(most)s at most"
)
NEEDS_SRGB = _text("needs_srgb", "it is %(colour)s, which would have to be converted to sRGB")
NEEDS_RGB = _text("needs_rgb", "it is YCbCr, which would have to be converted to RGB")
WOULD_LOSE_SAMPLES = _text(
    "would_lose_samples",
    "%(number)s sample(s) of each pixel are neither colour nor alpha and would be left out",
)
PROFILE_NOT_IN_JP2 = _text(
    "profile_not_in_jp2",
    "its colour profile (%(profile)s) is of a kind that a JP2 file may not hold (with tables)",
)
CONVERTED = _text("converted", "it was converted, so this is not lossless")
PROFILE_MISFIT = _text(
    "profile_misfit", "its colour profile does not fit its components, or is damaged, and was left out"
)
PROFILE_IS_SRGB = _text(
    "profile_is_srgb", "its colour profile (%(profile)s) means the same as sRGB and was left out"
)
PROFILE_DAMAGED = _text(
    "profile_damaged", "its colour profile is damaged and was left out; the colours were taken as sRGB"
)
PROFILE_OF_OTHER = _text(
    "profile_of_other",
    "its colour profile (%(profile)s) is one for %(space)s, not for %(colour)s, and was left out",
)
SAMPLES_LEFT_OUT = _text(
    "samples_left_out", "%(number)s sample(s) of each pixel that are not alpha were left out"
)
LAB_CONVERTED = _text("lab_converted", "Lab colours were converted to sRGB")
CMYK_CONVERTED = _text("cmyk_converted", "CMYK was converted to sRGB by the profile %(profile)s")
CMYK_WITHOUT_PROFILE = _text(
    "cmyk_without_profile",
    "CMYK was converted to sRGB by the profile %(profile)s, since it has none of its own",
)
GAMMA_CONVERTED = _text("gamma_converted", "its tones were converted from gamma %(gamma)s to those of sRGB")
FIRST_OF_PICTURES = _text("first_of_pictures", "only the first of its %(number)s pictures is taken")
FIRST_OF_ANIMATION = _text("first_of_animation", "only the first picture of the animation is taken")
PADDING = _text("padding", "%(number)s padding bytes stand before the end marker")
DATA_LEFT_OVER = _text("data_left_over", "%(error)s: data of the picture is left over, so it is damaged")
LZW_ODD = _text("lzw_odd", "the LZW data is not quite valid, but complete (another reader has all of it)")
PACKBITS_ODD = _text(
    "packbits_odd", "bytes follow the end of its PackBits data; the picture itself is complete"
)
OLD_JPEG_READ = _text(
    "old_jpeg_read", "old-style JPEG compression (TIFF compression 6), which many programs cannot read"
)
TAKEN_AS_RGB = _text(
    "taken_as_rgb", "the file does not say what its three samples mean; they are taken as red, green, blue"
)
GREY_TAKEN_AS_RGB = _text(
    "grey_taken_as_rgb", "the file calls its three samples grey; they are taken as red, green, blue"
)
SAMPLES_UNNAMED = _text(
    "samples_unnamed", "%(number)s sample(s) of each pixel are said to be neither colour nor alpha"
)
DATA_ODD = _text("data_odd", "its data is wrong or missing in places (libtiff warned about it while reading)")
READER_CRASHED = _text("reader_crashed", "the library that reads the picture crashed (%(signal)s)")
READER_ENDED = _text("reader_ended", "the process that reads the picture ended with exit code %(code)s")
MORE_MEMORY_THAN_SHOWN = _text(
    "more_memory_than_shown", "the picture takes more than %(limit)s of memory, which its header did not show"
)
SCALED = _text(
    "scaled", "samples of %(bits)s bits were scaled by the full range of the format to %(wanted)s bits"
)
SIGNED_SCALED = _text(
    "signed_scaled",
    "signed samples of %(bits)s bits were scaled by the full range of the format to %(wanted)s bits",
)
FLOATS_FROM_0_TO_1 = _text(
    "floats_from_0_to_1",
    "floating-point samples of %(bits)s bits were taken with 0 as black, 1 as white, in %(wanted)s bits",
)
FLOATS_STRETCHED = _text(
    "floats_stretched",
    "floating-point samples of %(bits)s bits were taken with %(low)s (its lowest) as "
    "black, %(high)s (its highest) as white, in %(wanted)s bits",
)
GREY = _text("grey", "grey")
PALETTE = _text("palette", "palette")
UNSIGNED = _text("unsigned", "unsigned")
SIGNED = _text("signed", "signed")
FLOATING_POINT = _text("floating_point", "floating point")
ASSOCIATED = _text("associated", "associated")
UNASSOCIATED = _text("unassociated", "unassociated")
TILES = _text("tiles", "tiles")
STRIPS = _text("strips", "strips")
BITS = _text("bits", "bits")
SAMPLE_FORMATS = _text("sample_formats", "sample formats")
DIFFERENCE = _text("difference", "%(what)s: %(found)s instead of %(expected)s")
OTHER_PROFILE = _text("other_profile", "the colour profile")
NOTHING = _text("nothing", "none")
PIXELS_ACROSS = _text("pixels_across", "pixels across")
PIXELS_DOWN = _text("pixels_down", "pixels down")
COLOUR = _text("colour", "colour")
SAMPLES = _text("samples", "samples")
SAMPLE_FORMAT = _text("sample_format", "sample format")
ORIENTATION = _text("orientation", "orientation")
ALPHA = _text("alpha", "alpha")
RESOLUTION = _text("resolution", "resolution")
MIRRORED = _text("mirrored", "mirrored")
UPSIDE_DOWN = _text("upside_down", "upside down")
TURNED = _text("turned", "turned")
