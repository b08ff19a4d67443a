#include <fstream>

#include "data/images.h"
#include "framework/core/check.h"
#include "framework/core/staged_file.h"

#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb_image_write.h>

namespace cf {

std::string encode_png(const Picture& picture) {
  check(picture.height > 0 && picture.width > 0 &&
            picture.pixels.size() == static_cast<std::size_t>(picture.height * picture.width * 3),
        "png: {} bytes for a picture of {} x {}", picture.pixels.size(), picture.height, picture.width);
  std::string bytes;
  const auto append = [](void* out, void* data, int size) {
    static_cast<std::string*>(out)->append(static_cast<const char*>(data), static_cast<std::size_t>(size));
  };
  const int width = static_cast<int>(picture.width);
  const int done =
      stbi_write_png_to_func(append, &bytes, width, static_cast<int>(picture.height), 3, picture.pixels.data(), 3 * width);
  check(done != 0, "png: a picture of {} x {} cannot be encoded", picture.height, picture.width);
  return bytes;
}

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
