# SPDX-License-Identifier: Apache-2.0
# Installs the binary, the static library, its headers and a package that find_package(slalom) finds.
include(CMakePackageConfigHelpers)

set(slalom_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/slalom)
set(slalom_arrow_dir ${CMAKE_INSTALL_LIBDIR}/slalom)

install(TARGETS slalom_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS slalom EXPORT slalomTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/slalom DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES "${PROJECT_BINARY_DIR}/include/slalom/version.hpp" DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/slalom)
install(
  EXPORT slalomTargets
  NAMESPACE slalom::
  DESTINATION ${slalom_package_dir})

configure_package_config_file(
  cmake/slalomConfig.cmake.in "${PROJECT_BINARY_DIR}/slalomConfig.cmake"
  INSTALL_DESTINATION ${slalom_package_dir}
  PATH_VARS slalom_arrow_dir)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/slalomConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/slalomConfig.cmake" "${PROJECT_BINARY_DIR}/slalomConfigVersion.cmake"
              cmake/SlalomOnnx.cmake cmake/SlalomUtf8proc.cmake
        DESTINATION ${slalom_package_dir})

# The manual page and the completions that the binary prints of itself, where man and the shells look for them.
set(slalom_man slalom.1 ${CMAKE_INSTALL_MANDIR}/man1)
set(slalom_bash slalom.bash ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
set(slalom_zsh _slalom ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
set(slalom_fish slalom.fish ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
set(slalom_pages)
foreach(page man bash zsh fish)
  list(GET slalom_${page} 0 file)
  list(GET slalom_${page} 1 folder)
  set(arguments completion ${page})
  if(page STREQUAL "man")
    set(arguments man)
  endif()
  set(output "${PROJECT_BINARY_DIR}/shell/${file}")
  add_custom_command(
    OUTPUT "${output}"
    COMMAND "${CMAKE_COMMAND}" -E make_directory "${PROJECT_BINARY_DIR}/shell"
    COMMAND slalom_cli ${arguments} > "${output}"
    DEPENDS slalom_cli
    COMMENT "Writing ${file}"
    VERBATIM)
  list(APPEND slalom_pages "${output}")
  set(installed_name ${file})
  if(page STREQUAL "bash")
    set(installed_name slalom)
  endif()
  install(FILES "${output}" DESTINATION ${folder} RENAME ${installed_name})
endforeach()
add_custom_target(slalom_shell_files ALL DEPENDS ${slalom_pages})

# Arrow's libraries from the wheel travel with the installation, in a folder of their own, so that it does not need build/venv.
if(SLALOM_ARROW_FROM_WHEEL)
  install(FILES ${SLALOM_ARROW_LIBRARIES} DESTINATION ${slalom_arrow_dir})
  file(RELATIVE_PATH slalom_arrow_from_bin "${CMAKE_INSTALL_FULL_BINDIR}" "${CMAKE_INSTALL_FULL_LIBDIR}/slalom")
  set_target_properties(slalom_cli PROPERTIES INSTALL_RPATH "$ORIGIN/${slalom_arrow_from_bin}")
endif()
