extension Backend { public func cast(_ x: Tensor, into y: Tensor) { copy(x, to: y) } }
