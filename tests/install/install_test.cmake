# SPDX-License-Identifier: Apache-2.0
# The steps of the install test; every step must succeed.
function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(REMOVE_RECURSE "${SCRATCH}")
run("${CMAKE_COMMAND}" --install "${BUILD_DIR}" --prefix "${SCRATCH}/staged" --config "${BUILD_TYPE}")
file(RENAME "${SCRATCH}/staged" "${SCRATCH}/prefix") # an installation can be moved

set(binary "${SCRATCH}/prefix/bin/slalom")
run("${binary}" --version)
if(ARROW_FROM_WHEEL)
  file(GET_RUNTIME_DEPENDENCIES EXECUTABLES "${binary}" RESOLVED_DEPENDENCIES_VAR libraries UNRESOLVED_DEPENDENCIES_VAR unresolved)
  list(FILTER libraries INCLUDE REGEX "/lib(arrow|parquet)\\.so")
  list(LENGTH libraries n_libraries)
  foreach(library IN LISTS libraries)
    cmake_path(IS_PREFIX SCRATCH "${library}" NORMALIZE inside)
    if(NOT inside)
      message(FATAL_ERROR "the installed binary loads ${library}, which is outside the installation")
    endif()
  endforeach()
  if(unresolved OR NOT n_libraries EQUAL 2)
    message(FATAL_ERROR "the installed binary finds '${libraries}' and misses '${unresolved}'; expected libarrow and libparquet")
  endif()
endif()

set(docs "${SCRATCH}/prefix/share/doc/slalom")
foreach(expected
        "LICENSE=Apache License" "licenses.md=QuickJS-ng" "licenses/vega.txt=UW Interactive Data Lab" "licenses/d3.txt=Mike Bostock"
        "licenses/quickjs-ng.txt=Fabrice Bellard.*Permission is hereby granted" "licenses/cli11.txt=University of Cincinnati"
        "licenses/fmt.txt=Victor Zverovich" "licenses/nlohmann-json.txt=Niels Lohmann" "licenses/onnx.txt=Copyright"
        "licenses/protobuf.txt=Google" "licenses/random123.txt=D. E. Shaw Research")
  string(REGEX MATCH "^([^=]+)=(.+)$" matched "${expected}")
  set(words "${CMAKE_MATCH_2}")
  file(READ "${docs}/${CMAKE_MATCH_1}" text)
  if(NOT text MATCHES "${words}")
    message(FATAL_ERROR "${docs}/${CMAKE_MATCH_1}: expected '${words}' in it")
  endif()
endforeach()
if(ARROW_FROM_WHEEL AND NOT (EXISTS "${docs}/licenses/arrow-LICENSE.txt" AND EXISTS "${docs}/licenses/arrow-NOTICE.txt"))
  message(FATAL_ERROR "Arrow's libraries are installed without their licence")
endif()

set(prefix_path "${SCRATCH}/prefix" ${PREFIX_PATH})
string(REPLACE ";" "\\;" prefix_path "${prefix_path}")
run("${CMAKE_COMMAND}" -S "${CONSUMER}" -B "${SCRATCH}/build" -G "${GENERATOR}" "-DCMAKE_CXX_COMPILER=${CXX}"
    "-DCMAKE_PREFIX_PATH=${prefix_path}" "-DCMAKE_BUILD_TYPE=${BUILD_TYPE}")
run("${CMAKE_COMMAND}" --build "${SCRATCH}/build")
run("${SCRATCH}/build/consumer")
run("${SCRATCH}/build/minimize")
