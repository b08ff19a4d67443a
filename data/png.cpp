#include <fstream>

#include "data/images.h"
#include "framework/core/check.h"
#include "framework/core/staged_file.h"

#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb_image_write.h>

namespace cf {

std::string encode_png(std::span<const std::uint8_t> pixels, std::int64_t height, std::int64_t width, std::int64_t channels) {
  check(height > 0 && width > 0 && channels >= 1 && channels <= 4 &&
            pixels.size() == static_cast<std::size_t>(height * width * channels),
        "png: {} bytes for a picture of {} x {} with {} channels", pixels.size(), height, width, channels);
  std::string bytes;
  const auto append = [](void* out, void* data, int size) {
    static_cast<std::string*>(out)->append(static_cast<const char*>(data), static_cast<std::size_t>(size));
  };
  const int n = static_cast<int>(channels);
  const int columns = static_cast<int>(width);
  const int done = stbi_write_png_to_func(append, &bytes, columns, static_cast<int>(height), n, pixels.data(), n * columns);
  check(done != 0, "png: a picture of {} x {} cannot be encoded", height, width);
  return bytes;
}

std::string encode_png(const Picture& picture) { return encode_png(picture.pixels, picture.height, picture.width, 3); }

void write_png(const std::filesystem::path& path, const Picture& picture) {
  const std::string bytes = encode_png(picture);
  StagedFile target(path);
  std::ofstream file(target.tmp(), std::ios::binary);
  check(file.is_open(), "{}: cannot be created", path.string());
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  check(file.good(), "{}: writing failed; is the disk full?", path.string());
  target.commit();
}

}  // namespace cf
