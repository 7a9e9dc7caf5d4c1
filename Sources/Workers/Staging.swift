import Tensors

/// Host copies of tensors that are sent, where the device's memory is not the host's.
///
/// A tensor's copy is overwritten when the tensor is sent again: by then what was sent before has left, since the
/// tensor itself may not be computed anew before that.
final class Staging {
    private let backend: any Backend
    /// By device address: a tensor that is sent has its place to itself. One is made when its tensor is first sent.
    private var copies: [UnsafeMutableRawPointer: UnsafeMutableRawBufferPointer] = [:]

    init(_ backend: any Backend) { self.backend = backend }

    deinit { copies.values.forEach { $0.deallocate() } }

    /// The tensor's bytes as they are now, where the host reads them.
    func bytes(of tensor: Tensor) -> UnsafeRawBufferPointer {
        if let view = backend.hostView(tensor) { return UnsafeRawBufferPointer(view) }
        let copy = copies[tensor.address] ?? .allocate(byteCount: tensor.byteCount, alignment: 64)
        copies[tensor.address] = copy
        backend.download(tensor, to: copy)
        return UnsafeRawBufferPointer(copy)
    }
}
