# What is installed beside the program, and the Debian package: cpack -G DEB in the folder of a build.

# Packing does not build all the tests first: cmake --build FOLDER --target cf_pages is all that it needs.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)

# Manual page and completions are written by the program itself, so that they cannot differ from it.
set(pages ${CMAKE_BINARY_DIR}/pages)
file(MAKE_DIRECTORY ${pages})
foreach(page "manual cfrun.1" "completion:bash cfrun" "completion:zsh _cfrun")
  string(REGEX MATCH "^(.*) (.*)$" page ${page})
  set(file ${pages}/${CMAKE_MATCH_2})
  string(REPLACE ":" " " command ${CMAKE_MATCH_1})
  separate_arguments(command)
  add_custom_command(OUTPUT ${file} COMMAND cfrun ${command} > ${file}.tmp COMMAND ${CMAKE_COMMAND} -E rename ${file}.tmp ${file}
                     DEPENDS cfrun VERBATIM)
  list(APPEND page_files ${file})
endforeach()
add_custom_target(cf_pages ALL DEPENDS ${page_files})

install(TARGETS cfrun)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/configs DESTINATION share/cfrun)
install(FILES ${CMAKE_SOURCE_DIR}/README.md ${CMAKE_SOURCE_DIR}/LICENSE DESTINATION share/doc/cfrun)
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE DESTINATION share/doc/cfrun RENAME copyright)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs DESTINATION share/doc/cfrun)
install(FILES ${pages}/cfrun.1 DESTINATION share/man/man1)
install(FILES ${pages}/cfrun DESTINATION share/bash-completion/completions)
install(FILES ${pages}/_cfrun DESTINATION share/zsh/vendor-completions)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME cfrun)
set(CPACK_PACKAGE_CONTACT "cfrun maintainers <maintainers@cfrun.invalid>" CACHE STRING "Maintainer named in the package")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "pan-sharpening networks and classical methods for satellite images")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
    "Makes one sharp multispectral image of a panchromatic and a multispectral one: trains the networks CF2N, FusionNet and SSDiff, tests\n\
them, and runs them and classical methods on georeferenced scenes of any size.")
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "openmpi-bin")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
include(CPack)
