package import Tensors

/// A stretch of a device's work.
package struct DeviceSpan: Sendable {
    package var start: DeviceMark
    package var end: DeviceMark
}
