# Flags and helpers that every target of ours shares.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# Sanitized code is built to be tested, so it shall build fast.
if(CF_SANITIZE)
  set(CMAKE_CXX_FLAGS_RELEASE "-O1")
else()
  set(CMAKE_CXX_FLAGS_RELEASE "-O3")
endif()

find_program(CF_CCACHE ccache)
if(CF_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CF_CCACHE})
endif()

# What each of our targets is compiled with; libraries of others are included as system headers and are not judged.
add_library(cf_options INTERFACE)
target_include_directories(cf_options INTERFACE $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}>)
set(CF_WARNINGS -Wall -Wextra -Wconversion -Wshadow -Werror)
string(REPLACE ";" "," CF_WARNINGS_LIST "${CF_WARNINGS}")
target_compile_options(cf_options INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:${CF_WARNINGS}>"
                       "$<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=${CF_WARNINGS_LIST}>")
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # False alarms of g++ 12 inside inlined std::string and fmt code (GCC bug 105651).
  target_compile_options(cf_options INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict;-Wno-stringop-overflow>")
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(cf_options INTERFACE -Wno-sign-conversion)
endif()
if(CF_SANITIZE)
  target_compile_definitions(cf_options INTERFACE CF_SANITIZE)
  target_compile_options(cf_options INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  target_link_options(cf_options INTERFACE -fsanitize=address,undefined)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # The instrumentation hides from g++ what is initialised (seen inside std::regex).
    target_compile_options(cf_options INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()

# cf_library(NAME FOLDER... LINKS LIB...): a static library of the sources that lie in the folders, without their
# subfolders. A new file is picked up by the next build.
function(cf_library name)
  cmake_parse_arguments(ARG "" "" "FOLDERS;PUBLIC;PRIVATE" ${ARGN})
  set(sources)
  foreach(folder ${ARG_FOLDERS})
    file(GLOB found CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.cpp)
    list(APPEND sources ${found})
  endforeach()
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC cf_options ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
endfunction()
