import Testing

/// Tests that run the program itself: real processes, real sockets. One after the other: each starts several processes.
@Suite(.serialized) struct EndToEndTests {}
