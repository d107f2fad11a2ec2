# SPDX-License-Identifier: Apache-2.0
# Finds Apache Arrow C++ with Parquet as slalom::arrow: an installed one, else the headers and shared libraries that the PyPI
# wheel pyarrow carries (scripts/setup.sh installs it into build/venv). SLALOM_PYARROW_DIR overrides where the wheel is.
if(TARGET slalom::arrow)
  return()
endif()
add_library(slalom::arrow INTERFACE IMPORTED)

find_package(Arrow QUIET)
find_package(Parquet QUIET)
if(Arrow_FOUND AND Parquet_FOUND)
  message(STATUS "slalom: Arrow ${ARROW_VERSION} from an installation")
  target_link_libraries(slalom::arrow INTERFACE Arrow::arrow_shared Parquet::parquet_shared)
  set(SLALOM_ARROW_FROM_WHEEL OFF)
  return()
endif()

if(NOT SLALOM_PYARROW_DIR)
  file(GLOB slalom_pyarrow_candidates "${CMAKE_CURRENT_LIST_DIR}/../build/venv/lib/python3*/site-packages/pyarrow")
  if(slalom_pyarrow_candidates)
    list(GET slalom_pyarrow_candidates 0 slalom_pyarrow_found)
    get_filename_component(slalom_pyarrow_found "${slalom_pyarrow_found}" REALPATH)
  endif()
  set(SLALOM_PYARROW_DIR "${slalom_pyarrow_found}" CACHE PATH "The pyarrow package with Arrow's headers and libraries")
endif()
if(NOT EXISTS "${SLALOM_PYARROW_DIR}/include/arrow/api.h")
  message(
    FATAL_ERROR
      "slalom needs Apache Arrow C++ with Parquet. Install it so that find_package(Arrow) finds it, or run scripts/setup.sh, "
      "which puts the PyPI wheel pyarrow (its headers and libraries) into build/venv.")
endif()

file(GLOB SLALOM_ARROW_LIBRARIES "${SLALOM_PYARROW_DIR}/libarrow.so.*" "${SLALOM_PYARROW_DIR}/libparquet.so.*")
list(LENGTH SLALOM_ARROW_LIBRARIES slalom_arrow_count)
if(NOT slalom_arrow_count EQUAL 2)
  message(FATAL_ERROR "${SLALOM_PYARROW_DIR}: found ${SLALOM_ARROW_LIBRARIES}, expected one libarrow.so.* and one libparquet.so.*")
endif()
message(STATUS "slalom: Arrow from the pyarrow wheel in ${SLALOM_PYARROW_DIR}")
set(SLALOM_ARROW_FROM_WHEEL ON)
target_include_directories(slalom::arrow SYSTEM INTERFACE "${SLALOM_PYARROW_DIR}/include")
target_link_libraries(slalom::arrow INTERFACE ${SLALOM_ARROW_LIBRARIES})
