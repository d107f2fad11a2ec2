# SPDX-License-Identifier: Apache-2.0
# The target tidy: clang-tidy over every C++ source of the library and the binary that this configuration compiles (with the CUDA
# backend its host side too; not device code, which clang-tidy 14 cannot read). It builds nothing.
find_program(SLALOM_RUN_CLANG_TIDY NAMES run-clang-tidy-14 run-clang-tidy)
mark_as_advanced(SLALOM_RUN_CLANG_TIDY)
if(SLALOM_RUN_CLANG_TIDY)
  add_custom_target(
    tidy
    COMMAND "${SLALOM_RUN_CLANG_TIDY}" -quiet -p "${PROJECT_BINARY_DIR}" "^${PROJECT_SOURCE_DIR}/(src|kernels)/.*[.]cpp$"
    USES_TERMINAL
    COMMENT "Running clang-tidy"
    VERBATIM)
endif()
