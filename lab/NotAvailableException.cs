namespace DmaBuf.Lab;

/// <summary>Thrown when something is neither here nor can be downloaded; the message names it.</summary>
public sealed class NotAvailableException : LabException
{
    /// <summary>Creates the exception with a message for the user.</summary>
    public NotAvailableException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with a message for the user and its cause.</summary>
    public NotAvailableException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Creates the exception without a message.</summary>
    public NotAvailableException()
    {
    }
}
