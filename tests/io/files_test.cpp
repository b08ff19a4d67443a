#include "framework/io/files.h"

#include "tests/io/support.h"

namespace cf {
namespace {

using test::contains;
using test::error_of;

TEST_CASE("files: a write replaces the content and leaves nothing beside it") {
  const test::TempFolder folder;
  write_file(folder / "a.txt", "old");
  write_file(folder / "a.txt", std::string("new\0binary", 10));
  CHECK(read_text(folder / "a.txt") == std::string("new\0binary", 10));
  write_file(folder / "empty.txt", "");
  CHECK(read_text(folder / "empty.txt").empty());
  CHECK(folder.entries() == 2);
}

TEST_CASE("files: without commit the old file stands and the temporary one goes") {
  const test::TempFolder folder;
  write_file(folder / "a.txt", "old");
  {
    AtomicWriter writer(folder / "a.txt");
    writer.write("half");
    CHECK(folder.entries() == 2);
  }
  CHECK(folder.entries() == 1);
  CHECK(read_text(folder / "a.txt") == "old");
}

TEST_CASE("files: what cannot be written says what and where") {
  const test::TempFolder folder;
  CHECK(contains(error_of([&] { write_file(folder / "no/such/a.txt", "x"); }), "no/such"));
  CHECK(contains(error_of([&] { write_file(folder.path(), "x"); }), folder.path().string()));
  write_file(folder / "file", "x");
  CHECK(contains(error_of([&] { write_file(folder / "file/a.txt", "x"); }), "file/a.txt"));
  CHECK(contains(error_of([&] { make_directories(folder / "file/deep/er"); }), "file is a file"));
  CHECK(contains(error_of([&] { make_directories(folder / "file"); }), "file is a file"));
  make_directories(folder / "one/two/three");
  make_directories(folder / "one/two/three/");
  CHECK(std::filesystem::is_directory(folder / "one/two/three"));
  // /proc takes no files, even from root.
  CHECK(contains(error_of([&] { write_file("/proc/a.txt", "x"); }), "/proc/a.txt"));
  CHECK(contains(error_of([&] { make_directories("/proc/cf/a"); }), "/proc/cf"));
}

TEST_CASE("files: what cannot be read says what and where") {
  const test::TempFolder folder;
  CHECK(contains(error_of([&] { read_text(folder / "absent.txt"); }), "absent.txt"));
  CHECK(contains(error_of([&] { read_text(folder.path()); }), "not a file"));
  write_file(folder / "a.txt", "12345");
  const FileReader reader(folder / "a.txt");
  char four[4];
  CHECK(contains(error_of([&] { reader.read(3, four, 4); }), "2 bytes early"));
}

}  // namespace
}  // namespace cf
