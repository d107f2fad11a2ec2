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
              cmake/SlalomOnnx.cmake
        DESTINATION ${slalom_package_dir})

# Arrow's libraries from the wheel travel with the installation, in a folder of their own, so that it does not need build/venv.
if(SLALOM_ARROW_FROM_WHEEL)
  install(FILES ${SLALOM_ARROW_LIBRARIES} DESTINATION ${slalom_arrow_dir})
  file(RELATIVE_PATH slalom_arrow_from_bin "${CMAKE_INSTALL_FULL_BINDIR}" "${CMAKE_INSTALL_FULL_LIBDIR}/slalom")
  set_target_properties(slalom_cli PROPERTIES INSTALL_RPATH "$ORIGIN/${slalom_arrow_from_bin}")
endif()
