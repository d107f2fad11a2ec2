# SPDX-License-Identifier: Apache-2.0
# What pictures are drawn with: the JavaScript engine QuickJS-ng, compiled from the sources that scripts/setup.sh fetched from PyPI's package
# quickjs-ng (Debian has no package), and librsvg.
set(SLALOM_QUICKJS_DIR "${PROJECT_SOURCE_DIR}/build/venv/quickjs" CACHE PATH "Folder with the sources of QuickJS-ng (quickjs.c, ...)")
if(NOT EXISTS "${SLALOM_QUICKJS_DIR}/quickjs.c")
  message(FATAL_ERROR "QuickJS-ng is missing: ${SLALOM_QUICKJS_DIR}/quickjs.c is not there. Run scripts/setup.sh, or set SLALOM_QUICKJS_DIR")
endif()
enable_language(C)
if(SLALOM_CCACHE AND NOT CMAKE_C_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER "${SLALOM_CCACHE}")
endif()
add_library(
  slalom_quickjs STATIC
  "${SLALOM_QUICKJS_DIR}/quickjs.c" "${SLALOM_QUICKJS_DIR}/dtoa.c" "${SLALOM_QUICKJS_DIR}/libregexp.c"
  "${SLALOM_QUICKJS_DIR}/libunicode.c")
target_include_directories(slalom_quickjs SYSTEM INTERFACE "${SLALOM_QUICKJS_DIR}")
target_compile_definitions(slalom_quickjs PRIVATE _GNU_SOURCE)
target_compile_options(slalom_quickjs PRIVATE -O2 -w) # not our code: fast in every build, without our warnings
target_link_libraries(slalom_quickjs PRIVATE Threads::Threads ${CMAKE_DL_LIBS} m)

find_package(PkgConfig REQUIRED)
pkg_check_modules(slalom_rsvg REQUIRED IMPORTED_TARGET librsvg-2.0)
add_library(slalom::rsvg ALIAS PkgConfig::slalom_rsvg)
