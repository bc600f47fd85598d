exports.hear = async (event) => ({ received: event });
