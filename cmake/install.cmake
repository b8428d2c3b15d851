# `cmake --install DIR --component socketio` installs the Socket.IO server library alone; a project then says
# `find_package(warren)` and links `warren::socketio`, as examples/echo does.
include(GNUInstallDirs)
set(library_targets warren_socketio warren_engineio warren_http warren_base warren_boost)
foreach(target ${library_targets})
  string(REPLACE "warren_" "" name ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
endforeach()
target_compile_features(warren_base PUBLIC cxx_std_20)
install(TARGETS ${library_targets} EXPORT warren COMPONENT socketio
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/warren)
foreach(folder base http engineio socketio)
  install(DIRECTORY ${CMAKE_SOURCE_DIR}/src/${folder} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/warren
      COMPONENT socketio FILES_MATCHING PATTERN "*.hpp" PATTERN "test_*" EXCLUDE PATTERN "*_impl.hpp" EXCLUDE)
endforeach()
install(EXPORT warren NAMESPACE warren:: FILE warren-targets.cmake COMPONENT socketio
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/warren)
install(FILES ${CMAKE_SOURCE_DIR}/cmake/warren-config.cmake COMPONENT socketio
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/warren)
# What browsers load from /socket.io/, where npm has put it.
install(DIRECTORY ${CMAKE_SOURCE_DIR}/tests/e2e/node_modules/socket.io-client/dist/
    DESTINATION ${CMAKE_INSTALL_DATADIR}/warren/socket.io-client COMPONENT socketio OPTIONAL)
